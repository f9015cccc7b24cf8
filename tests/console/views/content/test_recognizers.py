"""Recognizers in Presidio's format, written without a file in sight."""

from __future__ import annotations

import httpx
import pytest

from tests.console.conftest import Site
from tests.console.views.test_guided import form_of

PAGE = "/policies/recognizer"
STAFF = {
    "name": "staff numbers", "entity": "STAFF_NO", "like": "E10423\nE99812", "context": "工号",
    "pattern.0.regex": "", "pattern.0.score": "0.6", "match": "工号E10423\nE10423", "no_match": "E1",
}  # fmt: skip


@pytest.fixture
def editor(site: Site, request: pytest.FixtureRequest) -> httpx.Client:
    return site.who("editor", name=request.node.name[:40].lower())


def test_what_it_finds_shows_before_it_is_saved(editor: httpx.Client) -> None:
    shown = editor.post(PAGE + "/try.json", data=STAFF).json()
    assert shown["patterns"][0]["regex"] == r"E\d{5}"
    assert [(t["passed"], t["level"]) for t in shown["tried"]] == [
        (True, "high"),  # beside a word of the context
        (True, "medium"),
        (True, ""),
    ]
    broken = STAFF | {"pattern.0.regex": "(", "like": ""}
    assert editor.post(PAGE + "/try.json", data=broken).json()["problem"]
    assert editor.post(PAGE + "/try.json", data={"name": "x"}).json()["tried"] == []
    assert editor.get("/policies/detectors.json").json()["recognizers"] == []


def test_from_the_form_to_a_rule_and_away(editor: httpx.Client) -> None:
    answer = editor.post(PAGE, data=STAFF)
    assert (answer.status_code, "was=staff+numbers" in answer.headers["location"]) == (303, True)
    assert editor.post(PAGE, data=STAFF).status_code == 400  # the name is taken
    (row,) = editor.get("/policies/detectors.json").json()["recognizers"]
    assert (row["kind"], row["changed"]) == ("pii.staff_no", True)
    where = {"pack": row["pack"], "was": row["name"]}
    renamed = STAFF | where | {"name": "staff", "pattern.0.regex": r"E\d{5}"}
    assert editor.post(PAGE, data=renamed).status_code == 303
    assert editor.get(PAGE + ".json", params=where).status_code == 404
    where["was"] = "staff"
    assert [t["passed"] for t in editor.get(PAGE + ".json", params=where).json()["tried"]] == [
        True
    ] * 3

    rule = editor.post("/policies/new.json", data={"kind": "pii.staff_no"}).json()["rule"]
    page = editor.get(f"/policies/rule/{rule}/form.json").json()
    fields = form_of(page["fields"]) | {
        "action": "mask", "why.pipl.51": "on", "match": "我的工号E10423", "no_match": "E1",
    }  # fmt: skip
    shown = editor.post(f"/policies/rule/{rule}/form.json", data=fields).json()
    assert [t["passed"] for t in shown["tests"]] == [True, True]
    assert editor.post(PAGE + "/remove", data=where).status_code == 409
    editor.post("/policies/draft/discard")
    editor.post(PAGE, data=STAFF)
    where["was"] = STAFF["name"]
    assert editor.post(PAGE + "/remove", data=where).status_code == 303
    assert editor.post(PAGE + "/remove", data=where).status_code == 404
