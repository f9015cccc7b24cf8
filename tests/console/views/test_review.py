from __future__ import annotations

from collections.abc import Callable

from tests.console.conftest import Site

Newest = Callable[[str], str]


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


def test_a_reviewer_takes_work_that_others_then_do_not_see(fresh_site: Site) -> None:
    site = fresh_site
    for n in range(4):
        site.ask(f"写一首关于秋天的诗 {n}")
    ann, ben = (site.who("reviewer", name=n) for n in ("ann", "ben"))
    view = "/audit/queue.json?sample=100"
    assert len(ann.get(view).json()["rows"]) == 4
    taken = ann.post("/audit/queue/take.json", data={"count": "3", "sample": "100"}).json()
    assert taken["assigned"] == 3
    assert len(ann.get("/audit/queue.json?show=mine&sample=0").json()["rows"]) == 3
    assert len(ben.get(view).json()["rows"]) == 1
    form = {"count": "1", "sample": "100", "reviewer": "ben"}
    assert ann.post("/audit/queue/take.json", data=form).json()["assigned"] == 1
    assert len(ben.get(view + "&show=mine").json()["rows"]) == 1
    assert ann.post("/audit/queue/take.json", data={"count": "0"}).json()["assigned"] == 3
    assert len(ben.get(view).json()["rows"]) == 4
    stranger = {"count": "1", "reviewer": "nobody"}
    assert ann.post("/audit/queue/take.json", data=stranger).status_code == 400


def test_a_second_reviewer_and_then_a_third(fresh_site: Site) -> None:
    site = fresh_site
    site.ask("写一首关于秋天的诗")
    people = [site.who("reviewer", name=n) for n in ("ann", "ben", "eva")]
    view = "/audit/queue.json?sample=100&second=100"
    for client, why, said in zip(
        people,
        ("first", "second", "disputed"),
        ("correct", "false_negative", "correct"),
        strict=True,
    ):
        (row,) = client.get(view).json()["rows"]
        assert row["why"] == why
        form = {"rule": "", "label": said}
        client.post(f"/audit/record/{row['request']}/label", data=form)
        assert client.get(view).json()["rows"] == []
    quality = people[0].get("/audit/quality.json").json()
    assert quality["agreement"]["twice"] == 1
    assert quality["agreement"]["agreed"] == 0
    assert quality["rows"][0]["disputed"] == 0  # two of three
