"""What holds for the policy as a whole, without YAML."""

from __future__ import annotations

from base64 import b64encode

import httpx

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
    for wrong in ("x", "9" * 5000):
        assert editor.post("/policies/kept", data=form | {"review_twice": wrong}).status_code == 400
    editor.post("/policies/draft/discard")
    assert site.who("viewer").post("/policies/kept", data=form).status_code == 403


def test_the_label_of_answers_is_set_in_a_form(site: Site) -> None:
    """The labelling measures ask for it, and it could be set in YAML only."""
    editor = site.who("editor", name="labeller")
    assert editor.get("/policies/coverage.json").json()["label"] == "header"
    for label in ("off", "text"):
        assert editor.post("/policies/label", data={"label": label}).status_code == 303
        assert editor.get("/policies/coverage.json").json()["label"] == label
    draft = editor.get("/policies/draft.json").json()
    assert "label: text" in str(draft["texts"])
    assert [c["direction"] for c in draft["changes"]] == ["stricter"]
    assert editor.post("/policies/label", data={"label": "loud"}).status_code == 400
    editor.post("/policies/draft/discard")


def test_what_comes_down_goes_up_again_as_no_change(site: Site) -> None:
    """Every file of the archive was said to be added to the draft; a reply that no rule uses yet
    was not in it."""
    editor = site.who("editor", name="carrier")
    editor.post("/policies/answer/spare", data={"zh": "备用", "en": "Spare"})
    made = editor.post("/policies/download").content
    assert _uploaded(editor, "policy.zip", made) == []
    editor.post("/policies/draft/discard")
    taken = _uploaded(editor, "policy.zip", made)
    assert taken == ["answers/spare.en.md", "answers/spare.zh.md"]
    editor.post("/policies/draft/discard")


def test_an_uploaded_pack_is_switched_on(site: Site) -> None:
    """It was in the draft, belonged to no policy, and could not be switched on anywhere."""
    editor = site.who("editor", name="bringer")
    assert _uploaded(editor, "hr.yaml", PACK.encode()) == ["packs.txt", "packs/hr.yaml"]
    draft = editor.get("/policies/draft.json").json()
    assert draft["packs"]["on"] == ["hr"]
    assert [r["id"] for r in draft["rules"]] == ["hr.mail"]
    editor.post("/policies/draft/discard")


def test_a_pack_that_was_broken_is_not_switched_on_anew(site: Site) -> None:
    """It was named twice, and one that is off on purpose was switched on for everybody."""
    editor = site.who("editor", name="mender")
    _uploaded(editor, "hr.yaml", PACK.encode())
    editor.post("/policies/edit/hr", data={"text": "pack: ["})
    assert _uploaded(editor, "hr.yaml", PACK.encode()) == ["packs/hr.yaml"]
    assert editor.get("/policies/draft.json").json()["packs"]["on"] == ["hr"]
    editor.post("/policies/draft/discard")


def _uploaded(editor: httpx.Client, name: str, content: bytes) -> list[str]:
    form = {"name": name, "content": b64encode(content).decode()}
    return list(editor.post("/policies/upload.json", data=form).json()["taken"])


PACK = """
pack: hr
title: {zh: 人事, en: HR}
rules:
  - id: hr.mail
    title: {zh: 邮箱, en: E-mail}
    owner: hr
    why: [gdpr.5]
    layer: input
    where: [user]
    detect: {any: [pii.email]}
    then: block
    message: {zh: 不行, en: "No."}
    mode: shadow
    tests:
      match: ['a.b@example.com']
      no_match: ['x']
"""
