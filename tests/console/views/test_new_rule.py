"""A rule that is not wanted leaves the draft again."""

from __future__ import annotations

from tests.console.conftest import Site
from tests.console.views.test_guided import create


def test_a_rule_that_is_not_wanted_goes_with_what_it_brought(site: Site) -> None:
    """Only YAML, or discarding the whole pack, took a rule out of a draft again."""
    editor = site.who("editor", name="tidy")
    kept, gone = (
        create(editor, template="project_names"),
        create(editor, template="customer_number"),
    )
    assert "Remove this rule" in editor.get(f"/policies/rule/{gone}").text
    assert editor.post(f"/policies/rule/{gone}/remove").status_code == 303
    text = editor.get("/policies/pack/own.json").json()["text"]
    assert "customer_number" not in text
    assert kept in text
    editor.post("/policies/draft/discard")


def test_an_abandoned_rule_is_removed_where_it_blocks_the_rest(site: Site) -> None:
    """The page named its errors, and the way out was to discard everything; the only rule of a new
    pack could not be removed at all."""
    editor = site.who("editor", name="abandoned")
    editor.post("/policies/rule/base.pii.email", data={"mode": "shadow"})
    left = create(editor, template="")
    way = f'action="/console/policies/rule/{left}/remove"'
    draft = editor.get("/policies/draft").text
    assert way in draft
    assert "Run all tests" in draft.partition('draft/tests#tests" disabled')[2][:40]
    assert (
        f'formaction="/console/policies/rule/{left}/remove"'
        in editor.get(f"/policies/rule/{left}/form").text
    )
    assert editor.post(f"/policies/rule/{left}/remove").status_code == 303
    after = editor.get("/policies/draft.json").json()
    assert (after["files"], after["errors"]) == (["packs/base.yaml"], [])
    assert way not in editor.get("/policies/draft").text
    editor.post("/policies/draft/discard")


def test_the_last_rule_of_a_pack_in_force_stays(site: Site) -> None:
    editor = site.who("editor", name="last")
    editor.post("/policies/packs", data={"pack": "sampling-focused", "on": "1"})
    refused = editor.post("/policies/rule/sampling.focused/remove")
    assert "the only rule of its pack" in refused.text
    editor.post("/policies/draft/discard")
