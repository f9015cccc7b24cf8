"""Kinds and models on their pages, and a kind's level in a rule."""

from __future__ import annotations

from tests.console.conftest import Site


def test_what_can_be_found_with_examples_and_rules(site: Site) -> None:
    page = site.who("viewer").get("/policies/detectors.json").json()
    rows = {row["id"]: row for group in page["groups"] for row in group["items"]}
    assert "base.pii.email" in rows["pii.email"]["used"]
    assert rows["pii.cn.mobile"]["example"]
    assert [m["here"] for m in page["models"]] == [False] * 3  # no classifiers in these tests


def test_a_kind_gets_a_level_of_its_own_in_one_rule(site: Site) -> None:
    editor = site.who("editor", name="levels")
    page = "/policies/detector/pii.cn.mobile"
    rules = {r["id"]: r for r in editor.get(page + ".json").json()["rules"]}
    (rule, row) = next((id, r) for id, r in rules.items() if r["pack"] == "base")
    editor.post(page, data={"rule": rule, "level": "low"})
    after = {r["id"]: r for r in editor.get(page + ".json").json()["rules"]}[rule]
    assert (row["own_level"], after["own_level"], after["kind_level"]) == ("", "low", "low")
    draft = editor.get("/policies/draft.json").json()
    assert [r["id"] for r in draft["rules"]] == [rule]
    assert editor.post(page, data={"rule": rule, "level": "?"}).status_code == 400
    editor.post("/policies/draft/discard")


def test_a_rule_takes_up_a_kind_and_lets_go_of_it(site: Site) -> None:
    editor = site.who("editor", name="takes-up")
    page = "/policies/detector/pii.vin"
    before = [r["id"] for r in editor.get(page + ".json").json()["rules"]]
    editor.post(page, data={"rule": "cn.pii.vehicle", "do": "drop"})
    editor.post(page, data={"rule": "base.pii.email", "do": "add"})
    after = [r["id"] for r in editor.get(page + ".json").json()["rules"]]
    assert set(after) ^ set(before) == {"base.pii.email"} | {"cn.pii.vehicle"} & set(before)
    answer = editor.post(
        "/policies/detector/pii.email", data={"rule": "base.pii.email", "do": "drop"}
    )
    assert answer.status_code == 303
    answer = editor.post(page, data={"rule": "base.pii.email", "do": "drop"})
    assert answer.status_code == 400  # nothing would be left
    editor.post("/policies/draft/discard")


def test_a_new_rule_begins_with_a_kind(site: Site) -> None:
    editor = site.who("editor", name="begins")
    rule = editor.post("/policies/new.json", data={"kind": "pii.vin"}).json()["rule"]
    fields = editor.get(f"/policies/rule/{rule}/form.json").json()["fields"]
    assert (fields["kinds"], fields["title_en"]) == (["pii.vin"], "vehicle identification number")
    editor.post("/policies/draft/discard")


def test_no_such_kind(site: Site) -> None:
    assert site.who("viewer").get("/policies/detector/nothing").status_code == 404
