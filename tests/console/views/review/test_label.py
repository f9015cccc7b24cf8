from __future__ import annotations

from collections.abc import Callable

from tests.console.conftest import Site

Newest = Callable[[str], str]


def test_only_rules_of_the_record_can_be_judged(site: Site, newest: Newest) -> None:
    request = newest("")
    unknown = {"rule": "", "label": "false_negative", "category": "pii.no.such"}
    for form in ({"rule": "no.such", "label": "correct"}, {"rule": "", "label": "great"}, unknown):
        answer = site.who("reviewer").post(f"/audit/record/{request}/label.json", data=form)
        assert answer.status_code == 400
    kinds = site.who("reviewer").get(f"/audit/record/{request}.json").json()["kinds"]
    assert kinds[0]["items"][0]["title"] == "Self-harm and suicide (word list)"  # one's own first
    missed = unknown | {"category": "list.self_harm"}
    answer = site.who("reviewer").post(f"/audit/record/{request}/label.json", data=missed)
    assert answer.status_code == 200


def test_a_record_becomes_a_test_in_the_draft_of_an_editor(site: Site, newest: Newest) -> None:
    request = newest("q=秋天")
    reviewer = site.who("reviewer")
    form = {"rule": "cn.pii.documents", "expect": "no_match", "part": "messages/0/content:user"}
    nobody = reviewer.post(f"/audit/record/{request}/propose.json", data=form | {"rule": "cn.none"})
    assert nobody.json()["error"] == "there is no rule called cn.none"
    answer = reviewer.post(f"/audit/record/{request}/propose.json", data=form).json()
    editor = site.who("editor", name="tester")
    editor.post("/policies/edit/cn-privacy", data={"text": "pack: ["})
    kept = editor.post(f"/policies/proposal/{answer['id']}.json", data={"do": "add"})
    assert kept.status_code in (400, 404)  # a broken draft cannot take it; it stays on the desk
    editor.post("/policies/draft/discard")
    assert editor.post(f"/policies/proposal/{answer['id']}", data={"do": "add"}).status_code == 303
    cases = editor.get("/policies/rule/cn.pii.documents.json").json()["cases"]
    assert "写一首关于秋天的诗" in [c["text"] for c in cases if c["expect"] == "no_match"]
    again = editor.post(f"/policies/proposal/{answer['id']}.json", data={"do": "add"})
    assert again.status_code == 404
