from __future__ import annotations

from threegate.audit.verify.findings import (
    MAX_PROBLEMS,
    Chain,
    Erasures,
    VerifyProblem,
    VerifyReport,
    event_of,
)
from threegate.types import Bilingual

ERASE = '{"event":{"detail":{"verb":"erase","places":[["w",2,3]],"keys":["k"]}}}'
PRUNE = '{"event":{"detail":{"verb":"prune","places":[["w",5,5]]}}}'


def test_tombstones_account_for_texts_bodies_and_keys() -> None:
    report = VerifyReport()
    found = Erasures.read([ERASE, PRUNE], report)
    assert [found.text("w", seq, "") for seq in (1, 2, 3, 4)] == [False, True, True, False]
    assert found.text("other", 9, "k")
    assert found.body("w", 5)
    assert not found.body("w", 2)
    assert report.ok


def test_a_tombstone_that_cannot_be_read_is_a_problem() -> None:
    report = VerifyReport()
    Erasures.read(['{"event":{}}', "not JSON"], report)
    assert [p.code for p in report.problems] == ["malformed", "malformed"]


def test_the_list_of_problems_ends_somewhere() -> None:
    report = VerifyReport()
    for seq in range(MAX_PROBLEMS + 1):
        report.add("w", seq, "changed")
    assert len(report.problems) == MAX_PROBLEMS
    assert not report.ok


def test_a_problem_says_where_it_is() -> None:
    text = Bilingual("字", "text")
    assert VerifyProblem("w", 3, "changed", text).message("en") == "w/3: changed: text"
    assert VerifyProblem("w", -1, "empty", text).message("zh") == "w: empty: 字"


def test_what_no_checkpoint_and_no_peer_covers_is_pending() -> None:
    assert Chain("w", size=9, integrated=4, covered=6).pending == 3


def test_the_event_of_what_is_no_entry_is_empty() -> None:
    assert [event_of(e) for e in ("[1]", "{", '{"event":[]}', '{"event":{"id":"x"}}')] == [
        {},
        {},
        {},
        {"id": "x"},
    ]
