"""Documents for the fact check, edited without a file in sight."""

from __future__ import annotations

import httpx
import pytest

from tests.console.conftest import Site
from tests.console.views.test_lifecycle import act

PRICES = "标准版每月收费十五元。\nThe standard plan costs 15 yuan a month.\n"


@pytest.fixture
def editor(site: Site, request: pytest.FixtureRequest) -> httpx.Client:
    return site.who("editor", name=request.node.name[:40].lower())


def bases(client: httpx.Client) -> dict[str, list[str]]:
    rows = client.get("/policies/knowledge.json").json()["bases"]
    return {b["name"]: [d["name"] for d in b["documents"]] for b in rows}


def test_a_base_grows_and_shrinks_document_by_document(editor: httpx.Client) -> None:
    form = {"name": "plans", "document": "收费标准", "text": PRICES}
    assert editor.post("/policies/knowledge", data=form).status_code == 303
    assert editor.post("/policies/knowledge", data=form).status_code == 409
    page = "/policies/knowledge/own/plans"
    assert "base.out.grounded" in editor.get(page + ".json").json()["base"]["used"]
    more = {"document": "Opening hours.txt", "text": "We open at nine."}
    assert editor.post(page, data=more).status_code == 303
    assert bases(editor)["plans"] == ["收费标准.md", "Opening-hours.txt"]
    document = page + "/Opening-hours.txt"
    editor.post(document, data={"text": "We open at ten.\n"})
    assert editor.get(document + ".json").json()["document"]["text"] == "We open at ten.\n"
    assert editor.post(document, data={"text": "  "}).status_code == 400
    word = editor.post(document + ".json", data={"text": "PK\x03\x04\x14\x00"})
    assert (word.status_code, "TXT" in word.text) == (400, True)
    editor.post(document + "/remove")
    assert bases(editor)["plans"] == ["收费标准.md"]
    assert editor.get(document).status_code == 404
    editor.post(page + "/收费标准.md/remove")
    assert "plans" not in bases(editor)


def test_documents_as_a_table(editor: httpx.Client) -> None:
    csv = 'base,document,text\nfaq,hours,We open at nine.\nfaq,place,"In Shanghai.\n=A1"\n'
    assert editor.post("/policies/knowledge/table.json", data={"csv": csv}).json()["taken"] == 2
    assert bases(editor)["faq"] == ["hours.md", "place.md"]
    table = editor.post("/policies/knowledge/export").text
    assert 'faq,hours.md,"We open at nine.' in table
    assert editor.post("/policies/knowledge/table", data={"csv": "Bad Name,x,y"}).status_code == 400
    again = editor.post("/policies/knowledge/table.json", data={"csv": table})
    assert again.json()["taken"] == 2
    assert bases(editor)["faq"] == ["hours.md", "place.md"]


def test_only_writers_read_the_documents(site: Site) -> None:
    assert site.who("viewer").get("/policies/knowledge").status_code == 403


def test_a_document_is_signed_like_a_rule_and_then_checked_against(fresh_site: Site) -> None:
    editor = fresh_site.who("editor", name="ed", group="privacy")
    approver = fresh_site.who("approver", name="al", group="legal")
    form = {"name": "plans", "document": "prices", "text": PRICES}
    editor.post("/policies/knowledge", data=form)
    fields = editor.get("/policies/rule/base.out.grounded/form.json").json()
    assert {"id": "knowledge/plans", "title": "plans"} in fields["sources"]
    editor.post("/policies/draft/tests.json")
    answer = editor.post("/policies/draft/submit.json")
    assert answer.status_code == 200, answer.text
    digest = answer.json()["digest"]
    seen = approver.get(f"/policies/version/{digest}.json").json()
    assert {f["path"]: f["fate"] for f in seen["texts"]}["knowledge/prices.md"] == "added"
    for verb in ("approve", "activate"):
        assert act(approver, digest, verb) == 200
    fresh_site.reload()
    policies = fresh_site.running.deps.policies.pin()
    assert [k.id for k in policies.bindings[-1].policy.knowledge] == ["plans/prices"]
