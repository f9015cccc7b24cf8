"""What holds for the policy as a whole, without YAML."""

from __future__ import annotations

from tests.console.conftest import Site


def test_how_much_the_log_keeps_is_set_in_a_form(site: Site) -> None:
    """Without it nobody reviews a conversation, and it could be set in YAML only."""
    editor = site.who("editor", name="keeper")
    shown = editor.get("/policies/coverage.json").json()["audit"]
    assert (shown["level"], shown["review_passed"]) == ("redacted", 100)
    form = {"level": "full", "review_passed": "5", "review_twice": "50"}
    assert editor.post("/policies/kept", data=form).status_code == 303
    assert editor.get("/policies/coverage.json").json()["audit"] | form == {
        **shown, "level": "full", "review_passed": "5", "review_twice": "50",
    }  # fmt: skip
    draft = editor.get("/policies/draft.json").json()
    assert "audit: {level: full, review_passed: 5, review_twice: 50}" in str(draft["texts"])
    assert [c["direction"] for c in draft["changes"]] == ["looser"]
    assert editor.post("/policies/kept", data=form | {"review_twice": "x"}).status_code == 400
    editor.post("/policies/draft/discard")
    assert site.who("viewer").post("/policies/kept", data=form).status_code == 403
