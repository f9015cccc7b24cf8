"""Who gets which packs, on every page where a change is written, approved or read."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update
from threegate.parts import policy_versions
from threegate.policy.lifecycle.versions import VERSIONS, Versions

from tests.console.conftest import Site, opened_site, policies
from tests.console.views.test_results import BOUND, RETAIL
from tests.e2e.support.running import proxy


@pytest.fixture
def bound_site(tmp_path: Path) -> Iterator[Site]:
    """Retail customers get a pack of their own, everybody else `base`: no call is left."""
    root = policies(tmp_path / "policies")
    (root / "packs" / "retail.yaml").write_text(RETAIL, "utf-8")
    (root / "packs" / "bound.yaml").write_text(BOUND, "utf-8")
    with proxy(tmp_path / "var", root, packs=("bound",)) as running:
        yield opened_site(running)


def test_an_enabled_pack_that_no_call_gets_is_named_before_and_at_the_approval(
    bound_site: Site,
) -> None:
    """It was switched on, approved and in force, and nothing said that it did nothing."""
    editor = bound_site.who("editor", name="ed", group="privacy")
    approver = bound_site.who("approver", name="al", group="legal")
    editor.post("/policies/packs", data={"pack": "minors", "on": "1"})
    submitted = editor.post("/policies/draft/submit.json", data={"untested": "only switched on"})
    page = f"/policies/version/{submitted.json()['digest']}"
    found = approver.get(page + ".json").json()["bindings"]
    assert [each["name"] for each in found["idle"]] == ["minors"]
    assert found["taken_by"][0] == "Retail"
    editor.post("/policies/packs", data={"pack": "minors", "on": "1"})
    for path in ("/policies", "/policies/draft", "/policies/coverage", page):
        shown = editor.get(path).text
        assert "(<code>minors</code>) applies to no call at present" in shown, path
        zh = editor.get(path, headers={"accept-language": "zh"}).text
        assert "目前对任何调用都不起作用" in zh, path


def test_who_gets_what_is_read_in_the_console(bound_site: Site) -> None:
    viewer = bound_site.who("viewer")
    rows = viewer.get("/policies.json").json()["bindings"]["rows"]
    assert [(r["calls"], [p["name"] for p in r["packs"]]) for r in rows] == [
        ("tenant retail", ["retail"]),
        ("all other calls", ["base"]),
    ]
    shown = viewer.get("/policies").text
    assert "tenant retail" in shown
    assert "all other calls" in shown
    assert "<code>packs/bound.yaml</code>" in shown  # where it is written
    assert "/policies/bindings" not in shown  # an editor changes it


def test_a_changed_rule_says_which_calls_it_is_for(bound_site: Site) -> None:
    editor = bound_site.who("editor", name="ed")
    editor.post("/policies/rule/retail.ticket", data={"mode": "shadow"})
    page = editor.get("/policies/draft.json").json()
    assert page["bindings"]["rules"]["retail.ticket"] == ["tenant retail"]
    assert "Calls: tenant retail" in editor.get("/policies/draft").text
    assert "Calls: tenant retail" in editor.get("/policies/rule/retail.ticket").text


def test_a_new_rule_begins_in_a_pack_that_some_call_gets(bound_site: Site) -> None:
    """It went into the enabled pack that no call gets."""
    editor = bound_site.who("editor", name="ed")
    editor.post("/policies/packs", data={"pack": "minors", "on": "1"})
    assert editor.get("/policies/new.json").json()["pack"] == "base"


def test_a_bound_pack_is_not_called_off(bound_site: Site) -> None:
    shown = bound_site.who("viewer").get("/policies/coverage").text
    assert shown.count("in use through a binding") == 2  # retail and base


def test_the_overview_and_a_trial_are_of_packs_that_some_call_gets(bound_site: Site) -> None:
    """The overview named the pack of the bindings alone, and a trial began with the policy that no
    call gets."""
    editor = bound_site.who("editor", name="ed", group="privacy")
    approver = bound_site.who("approver", name="al", group="legal")
    assert editor.get("/home.json").json()["packs"] == ["retail", "base"]
    editor.post("/policies/packs", data={"pack": "minors", "on": "1"})
    assert "on, but no call gets it" in editor.get("/policies/coverage").text
    form = {"untested": "only switched on"}
    digest = editor.post("/policies/draft/submit.json", data=form).json()["digest"]
    for verb in ("approve", "activate"):
        approver.post(f"/policies/version/{digest}/{verb}", data={"untested": "seen"})
    bound_site.reload()
    assert editor.get("/home.json").json()["packs"] == ["retail", "base"]
    trial = editor.get("/policies/try.json").json()
    assert (trial["policy"], trial["policies"][-1]) == ("base", "minors")


def _without_bindings(versions: Versions, digest: str) -> None:
    """As an earlier release stored it."""
    stored = versions.load(digest)
    assert stored is not None
    files = {path: b64encode(text).decode() for path, text in stored.files.items()}
    del files["packs/bound.yaml"]
    with versions.engine.begin() as connection:
        same = VERSIONS.c.digest == digest
        connection.execute(update(VERSIONS).where(same).values(files=json.dumps(files)))


def test_a_version_stored_without_its_bindings_is_stored_anew(bound_site: Site) -> None:
    """Its page was an error, nobody could activate it, and the same change could not be submitted
    again."""
    editor = bound_site.who("editor", name="ed", group="privacy")
    approver = bound_site.who("approver", name="al", group="legal")
    editor.post("/policies/rule/retail.ticket", data={"mode": "shadow"})
    form = {"untested": "a trial", "note": "Quieter"}
    digest = editor.post("/policies/draft/submit.json", data=form).json()["digest"]
    versions = policy_versions(bound_site.running.deps.settings)  # type: ignore[attr-defined]
    _without_bindings(versions, digest)
    page = f"/policies/version/{digest}"
    shown = approver.get(page)
    assert shown.status_code == 422
    assert "“Quieter” is stored without all of its files" in shown.text
    assert "Store it anew" not in shown.text  # an editor does that
    assert "Store it anew" in editor.get("/policies/draft").text
    assert editor.post(page + "/store.json").status_code == 200
    assert editor.get("/policies/draft.json").json()["incomplete"] == []
    for verb in ("approve", "activate"):
        answer = approver.post(f"{page}/{verb}.json", data={"untested": "seen"})
        assert answer.status_code == 200, answer.text
    bound_site.reload()
    assert bound_site.running.deps.policies.pin().digest == digest  # type: ignore[attr-defined]


def test_without_bindings_every_call_gets_all_packs(site: Site) -> None:
    found = site.who("viewer").get("/policies.json").json()["bindings"]
    assert found["everyone"]
    assert found["idle"] == []
    assert "there are no bindings" in site.who("viewer").get("/policies").text


MINE = {
    "0.was": "bound:0", "0.pack": "retail", "0.tenants": "retail",
    "1.was": "bound:1", "1.pack": "base", "1.all": "on",
}  # fmt: skip
FORM = "/policies/bindings"


def test_bindings_are_changed_by_form(bound_site: Site) -> None:
    editor = bound_site.who("editor", name="ed")
    assert 'href="/console/policies/bindings"' in editor.get("/policies").text
    page = editor.get(FORM + ".json").json()
    assert [(r["pack"], r["tenants"], r["everybody"]) for r in page["rows"]] == [
        ("retail", ["retail"], False),
        ("base", [], True),
    ]
    form = MINE | {"seen": page["seen"], "0.tenants": "retail\nshops"}
    shown = editor.post(FORM + ".json", data=form | {"do": "add"}).json()
    assert [r["pack"] for r in shown["rows"]] == ["retail", "", "base"]
    assert shown["bindings"]["rows"][0]["calls"] == "tenant retail or shops"
    assert editor.get("/policies/draft.json").json()["files"] == []  # only shown
    (lost,) = shown["losses"]
    assert lost["calls"] == "tenant retail or shops"
    assert "Mask Chinese resident ID numbers" in lost["lost"]
    warned = editor.post(FORM + ".json", data=form | {"do": "save"})
    assert editor.get("/policies/draft.json").json()["files"] == []  # a warning to read first
    read = {"do": "save", "read": warned.json()["read"]}
    assert editor.post(FORM, data=form | read).status_code == 303
    text = editor.get("/policies/pack/bound.json").json()["text"]
    assert text == BOUND.replace("[retail]", "[retail, shops]")
    draft = editor.get("/policies/draft").text
    assert "tenant retail or shops" in draft
    assert "Less protection" in draft
    form = {"untested": "only bindings"}
    digest = editor.post("/policies/draft/submit.json", data=form).json()["digest"]
    page = bound_site.who("approver", name="al").get(f"/policies/version/{digest}").text
    assert "Less protection: tenant retail or shops." in page


def test_an_entry_may_have_several_packs(bound_site: Site) -> None:
    editor = bound_site.who("editor", name="ed")
    form = MINE | {"seen": editor.get(FORM + ".json").json()["seen"], "0.also.base": "on"}
    shown = editor.post(FORM + ".json", data=form | {"do": "show"}).json()
    packs = [[p["name"] for p in row["packs"]] for row in shown["bindings"]["rows"]]
    assert {"retail", "base"} <= set(packs[0])
    (lost,) = shown["losses"]
    assert "unguarded paths added" in lost["lost"][0]  # which `base` has and `retail` had not
    assert editor.post(FORM, data=form | {"do": "save", "read": shown["read"]}).status_code == 303
    text = editor.get("/policies/pack/bound.json").json()["text"]
    assert "also: [base]" in text
    assert "Base policy" in editor.get("/policies/draft").text


def test_an_error_is_beside_its_field_and_nothing_is_lost(bound_site: Site) -> None:
    editor = bound_site.who("editor", name="ed")
    form = MINE | {"0.pack": "", "0.tenants": "typed", "0.route": "v1", "do": "save"}
    for language, words in (("en", "a path begins with /"), ("zh", "路径以 / 开头")):
        shown = editor.post(FORM, data=form, headers={"accept-language": language})
        assert shown.status_code == 422
        assert words in shown.text
        assert "typed" in shown.text
        assert 'aria-describedby="wrong-0-pack"' in shown.text
    assert editor.get("/policies/draft.json").json()["files"] == []


def test_another_tab_is_not_overwritten(bound_site: Site) -> None:
    editor = bound_site.who("editor", name="ed")
    form = MINE | {"seen": editor.get(FORM + ".json").json()["seen"], "do": "save"}
    other = BOUND.replace("[retail]", "[retail, other]")
    editor.post("/policies/edit/bound", data={"text": other})
    mine = editor.post(FORM, data=form | {"0.tenants": "mine"})
    assert mine.status_code == 409
    assert "mine" in mine.text
    assert editor.get("/policies/pack/bound.json").json()["text"] == other


def test_the_first_binding_leaves_the_rest_to_everybody_else(fresh_site: Site) -> None:
    editor = fresh_site.who("editor", name="ed")
    form = {"0.pack": "minors", "0.tenants": "school", "do": "save"}
    shown = editor.post(FORM + ".json", data=form).json()
    assert [r["calls"] for r in shown["bindings"]["rows"]] == ["tenant school", "all other calls"]
    assert editor.post(FORM, data=form | {"read": shown["read"]}).status_code == 303
    page = editor.get("/policies/draft.json").json()
    assert page["files"] == ["packs.txt", "packs/callers.yaml"]
    assert page["errors"] == []
    rule = editor.get("/policies/rule/base.pii.email/form")
    assert ("Not every call gets the pack" in rule.text) is (
        len(page["bindings"]["rules"]["base.pii.email"]) == 1
    )


def test_the_form_of_a_rule_names_the_calls_that_get_its_pack(bound_site: Site) -> None:
    editor = bound_site.who("editor", name="ed")
    for path in ("/policies/rule/retail.ticket/form", "/policies/rule/retail.ticket"):
        assert "“Everybody” means everybody of these" in editor.get(path).text, path
        assert (
            "这里的“所有人”指其中的所有人"
            in editor.get(path, headers={"accept-language": "zh"}).text
        )
