from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.console.conftest import PACKS, Site, opened_site, policies
from tests.e2e.support.running import proxy

PASSPORT = "我的护照号码是E12345678，签证需要什么材料？"
JSON = {"accept": "application/json"}


@pytest.fixture
def kept_site(tmp_path: Path) -> Iterator[Site]:
    """With originals, and two calls: one with a passport number, one without a finding."""
    root = policies(tmp_path / "policies", "full")
    with proxy(tmp_path / "var", root, packs=PACKS) as running:
        site = opened_site(running)
        site.ask("写一首关于秋天的诗")
        site.ask(PASSPORT)
        yield site


def judge(client: httpx.Client, request: str, **form: str) -> str:
    """Where the reviewer is led after a label."""
    answer = client.post(
        f"/audit/record/{request}/label", data={"rule": "", "from": "queue"} | form, headers=JSON
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["next"])


def test_read_judge_next(kept_site: Site) -> None:
    ann = kept_site.who("reviewer", name="ann")
    queue = ann.get("/audit/queue.json").json()
    first, second = (row["request"] for row in queue["rows"])
    assert [p["kind"] for p in queue["rows"][0]["excerpt"] if p["kind"]] == ["pii.cn.passport"]
    page = ann.get(f"/audit/queue/{first}.json").json()
    assert (page["position"], page["previous"], page["next"]) == (1, "", second)
    (question,) = page["questions"]
    assert (question["rule"], question["mine"]) == ("cn.pii.documents", "")
    marked = [p for t in question["excerpts"] for p in t["pieces"] if p["kind"]]
    assert marked[0]["text"].startswith("[PASSPORT_")
    after = judge(ann, first, rule="cn.pii.documents", label="correct", next=second)
    assert after == f"/audit/queue/{second}?show=&was={first}&done=labelled"
    plain = ann.get(f"/audit/queue/{second}.json").json()
    assert [q["rule"] for q in plain["questions"]] == [""]
    assert judge(ann, second, label="correct") == "/audit/queue?show=&done=labelled"
    assert ann.get("/audit/queue.json").json()["rows"] == []


def test_each_rule_of_a_record_is_asked_for(kept_site: Site) -> None:
    kept_site.ask("护照号码E12345678，邮箱 a.b@example.com")
    ann = kept_site.who("reviewer", name="ann")
    request = ann.get("/audit/queue.json").json()["first"]
    rules = [q["rule"] for q in ann.get(f"/audit/queue/{request}.json").json()["questions"]]
    assert len(rules) == 2
    same = judge(ann, request, rule=rules[0], label="false_positive")
    assert same.startswith(f"/audit/queue/{request}?")
    page = ann.get(f"/audit/queue/{request}.json").json()
    assert page["current"] == rules[1]
    assert not judge(ann, request, rule=rules[1], label="correct").startswith(
        f"/audit/queue/{request}?"
    )


def test_the_second_verdict_is_blind_and_the_third_settles(fresh_site: Site) -> None:
    site = fresh_site
    site.ask("写一首关于秋天的诗")
    people = [site.who("reviewer", name=n) for n in ("ann", "ben", "eva")]
    for client, why, said in zip(
        people,
        ("first", "second", "disputed"),
        ("correct", "false_negative", "correct"),
        strict=True,
    ):
        (row,) = client.get("/audit/queue.json").json()["rows"]
        assert row["why"] == why
        record = f"/audit/record/{row['request']}.json"
        assert client.get(record).json()["labels"] == []  # whatever others have found
        assert client.get("/audit.json").json()["rows"][0]["judged"] == []
        judge(client, row["request"], label=said)
        assert client.get(record).json()["labels"] != []
        assert said in client.get("/audit.json").json()["rows"][0]["judged"]
        assert client.get("/audit/queue.json").json()["rows"] == []
    quality = people[0].get("/audit/quality.json").json()
    assert quality["agreement"]["twice"] == 1
    assert quality["agreement"]["agreed"] == 0
    assert quality["rows"][0]["disputed"] == 0  # two of three


def test_who_is_unsure_hands_it_on(fresh_site: Site) -> None:
    fresh_site.ask("写一首关于秋天的诗")
    ann, ben = (fresh_site.who("reviewer", name=n) for n in ("ann", "ben"))
    request = ann.get("/audit/queue.json").json()["first"]
    judge(ann, request, label="unsure")
    assert ann.get("/audit/queue.json").json()["rows"] == []
    assert [r["why"] for r in ben.get("/audit/queue.json").json()["rows"]] == ["passed_on"]


def test_a_reason_holds_for_a_sitting_and_each_reveal_is_recorded(kept_site: Site) -> None:
    ann = kept_site.who("reviewer", name="ann")
    first, second = (row["request"] for row in ann.get("/audit/queue.json").json()["rows"])
    path = "/audit/record/{}/reveal.json".format
    assert ann.post(path(first), data={"from": "queue"}).status_code == 400
    given = {"reason": "weekly review", "from": "queue"}
    answer = ann.post(path(first), data=given, headers=JSON)
    assert answer.json()["next"].startswith(f"/audit/queue/{first}?ticket=")
    page = ann.get(f"/audit/queue/{first}.json?ticket={answer.json()['ticket']}").json()
    texts = "".join(p["text"] for t in page["questions"][0]["excerpts"] for p in t["pieces"])
    assert PASSPORT in texts
    assert ann.post(path(second), data={"from": "queue"}, headers=JSON).status_code == 200
    other = kept_site.who("reviewer", name="ben")
    other.cookies.set("threegate_sitting", ann.cookies["threegate_sitting"], domain="127.0.0.1")
    assert other.post(path(first), data={}, headers=JSON).status_code == 400
    found = ann.get("/audit.json?stage=access").json()["rows"]
    seen = [r["detail"] for r in found if r["detail"]["verb"] == "reveal"]
    assert [(d["object"], d["reason"]) for d in seen] == [
        (second, "weekly review"),
        (first, "weekly review"),
    ]


def test_the_queue_is_paged(kept_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("threegate.console.views.review.queue.PAGE", 1)
    client = kept_site.who("reviewer")
    pages = [client.get(f"/audit/queue.json?page={n}").json() for n in (1, 2, 9)]
    assert [p["page"] for p in pages] == [1, 2, 2]
    assert pages[0]["rows"][0]["request"] != pages[1]["rows"][0]["request"]
    for bad in ("0", "x", "-1"):
        assert client.get(f"/audit/queue.json?page={bad}").status_code == 400


def test_a_reviewer_takes_work_that_others_then_do_not_see(fresh_site: Site) -> None:
    site = fresh_site
    for n in range(4):
        site.ask(f"写一首关于秋天的诗 {n}")
    ann, ben = (site.who("reviewer", name=n) for n in ("ann", "ben"))
    view = "/audit/queue.json"
    assert len(ann.get(view).json()["rows"]) == 4
    taken = ann.post("/audit/queue/take.json", data={"count": "3"}).json()
    assert taken["assigned"] == 3
    assert len(ann.get(view + "?show=mine").json()["rows"]) == 3
    assert len(ben.get(view).json()["rows"]) == 1
    form = {"count": "1", "reviewer": "ben"}
    assert ann.post("/audit/queue/take.json", data=form).json()["assigned"] == 1
    assert len(ben.get(view + "?show=mine").json()["rows"]) == 1
    assert ann.post("/audit/queue/take.json", data={"count": "0"}).json()["assigned"] == 3
    assert len(ben.get(view).json()["rows"]) == 4
    stranger = {"count": "1", "reviewer": "nobody"}
    assert ann.post("/audit/queue/take.json", data=stranger).status_code == 400
