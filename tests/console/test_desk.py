from __future__ import annotations

from pathlib import Path

import pytest
from threegate.audit.database import writer_engine
from threegate.console.database import prepared
from threegate.console.desk import Desk, Label, Proposal, new_id, precision


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(prepared(writer_engine(f"sqlite:///{tmp_path}/console.sqlite3")))


def label(request: str, said: str, author: str = "ann", rule: str = "r") -> Label:
    return Label(request, rule, author, said, "", "2026-11-25T01:00:00+00:00")


def test_the_last_label_of_a_reviewer_counts(desk: Desk) -> None:
    desk.label(label("1", "correct"))
    desk.label(label("1", "false_positive"))
    assert [x.label for x in desk.labels()] == ["false_positive"]


def test_precision_counts_agreement_only() -> None:
    labels = [
        label("1", "correct"),
        label("2", "correct"),
        label("3", "false_positive"),
        label("4", "correct"),
        label("4", "false_positive", author="ben"),
        label("5", "false_negative", rule=""),
    ]
    by_rule = {p.rule: p for p in precision(labels)}
    assert by_rule["r"].precision == pytest.approx(2 / 3)
    assert (by_rule["r"].correct, by_rule["r"].false_positive, by_rule["r"].disputed) == (2, 1, 1)
    assert by_rule[""].precision is None
    assert by_rule[""].missed == 1


def test_a_proposal_is_taken_once(desk: Desk) -> None:
    made = Proposal(new_id(), "r", "match", "user", "text", "tg_1", "ann", "2026-11-25")
    desk.propose(made)
    assert desk.proposals("r") == (made,)
    assert desk.proposals("other") == ()
    assert desk.take(made.id) == made
    assert desk.take(made.id) is None
