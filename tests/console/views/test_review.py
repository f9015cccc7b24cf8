from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from threegate.console.views.review import sampled

from tests.console.conftest import Site

Newest = Callable[[str], str]


@given(st.text(min_size=1), st.integers(0, 99))
def test_a_larger_sample_holds_the_smaller(id: str, percent: int) -> None:
    assert sampled(id, percent + 1) or not sampled(id, percent)
    assert sampled(id, 100)
    assert not sampled(id, 0)


def test_labels_make_the_precision_of_a_rule(site: Site, newest: Newest) -> None:
    request = newest("kind=pii.cn.passport")
    for name, said in (("ann", "correct"), ("ben", "correct")):
        form = {"rule": "cn.pii.documents", "label": said}
        answer = site.who("reviewer", name=name).post(f"/audit/record/{request}/label", data=form)
        assert answer.status_code == 303
    rows = site.who("reviewer").get("/audit/quality.json").json()["rows"]
    mine = next(r for r in rows if r["rule"] == "cn.pii.documents")
    assert (mine["precision"], mine["correct"]) == (1.0, 1)


def test_only_rules_of_the_record_can_be_judged(site: Site, newest: Newest) -> None:
    request = newest("")
    for form in ({"rule": "no.such", "label": "correct"}, {"rule": "", "label": "great"}):
        answer = site.who("reviewer").post(f"/audit/record/{request}/label.json", data=form)
        assert answer.status_code == 400


def test_what_was_judged_leaves_the_queue_of_who_judged_it(site: Site) -> None:
    client = site.who("reviewer", name="queuer")
    rows = client.get("/audit/queue.json?sample=100").json()["rows"]
    assert rows
    form = {"rule": "", "label": "correct", "from": "queue"}
    client.post(f"/audit/record/{rows[0]['request']}/label", data=form)
    left = client.get("/audit/queue.json?sample=100").json()["rows"]
    assert rows[0]["request"] not in {r["request"] for r in left}


def test_a_sample_is_a_percentage(site: Site) -> None:
    for bad in ("101", "x", "-1"):
        assert site.who("reviewer").get(f"/audit/queue.json?sample={bad}").status_code == 400


def test_a_record_becomes_a_test_in_the_draft_of_an_editor(site: Site, newest: Newest) -> None:
    request = newest("q=秋天")
    reviewer = site.who("reviewer")
    form = {"rule": "cn.pii.documents", "expect": "no_match", "part": "messages/0/content:user"}
    answer = reviewer.post(f"/audit/record/{request}/propose.json", data=form).json()
    editor = site.who("editor", name="tester")
    editor.post("/policies/edit/cn-privacy", data={"text": "pack: ["})
    kept = editor.post(f"/policies/proposal/{answer['id']}.json", data={"do": "add"})
    assert kept.status_code in (400, 404)  # a broken draft cannot take it; it stays on the desk
    editor.post("/policies/draft/discard")
    assert editor.post(f"/policies/proposal/{answer['id']}", data={"do": "add"}).status_code == 303
    rule = editor.get("/policies/rule/cn.pii.documents.json").json()["rule"]
    assert "写一首关于秋天的诗" in rule["no_match"]
    again = editor.post(f"/policies/proposal/{answer['id']}.json", data={"do": "add"})
    assert again.status_code == 404


def test_the_report_counts(site: Site) -> None:
    figures = site.who("reviewer").get("/audit/report.json").json()["figures"]
    assert figures["requests"] >= 4
    assert figures["rules"]["cn.pii.documents"] >= 1
