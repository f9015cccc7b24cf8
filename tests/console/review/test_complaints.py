from __future__ import annotations

from pathlib import Path

import pytest
from threegate.audit.log.database import writer_engine
from threegate.console.database import prepared
from threegate.console.review.complaints import Complaint, Complaints, median_days, new_id, within


@pytest.fixture
def complaints(tmp_path: Path) -> Complaints:
    return Complaints(prepared(writer_engine(f"sqlite:///{tmp_path}/console.sqlite3")))


def complaint(request: str = "tg_1", at: str = "2026-11-25T01:00:00+00:00") -> Complaint:
    return Complaint(new_id(), request, "user", "over_blocked", "why was I stopped?", "ann", at)


def test_it_is_answered_once(complaints: Complaints) -> None:
    made = complaint()
    complaints.take(made)
    later = "2026-11-27T13:00:00+00:00"
    assert complaints.answer(made.id, "upheld", "sorry", "ben", later)
    assert not complaints.answer(made.id, "rejected", "no", "eva", later)
    (kept,) = complaints.all("tg_1")
    assert (kept.outcome, kept.answer, kept.closed_by) == ("upheld", "sorry", "ben")
    assert median_days([kept, complaint()]) == 2.5


def test_open_ones_come_first_and_requests_are_apart(complaints: Complaints) -> None:
    first, second = complaint(at="2026-11-24T01:00:00+00:00"), complaint("tg_2")
    complaints.take(first)
    complaints.take(second)
    complaints.answer(second.id, "rejected", "no", "ben", second.at)
    assert [c.request for c in complaints.all()] == ["tg_1", "tg_2"]
    assert [c.request for c in complaints.all("tg_2")] == ["tg_2"]
    assert median_days([first]) is None


def test_a_period_has_its_complaints() -> None:
    inside, outside = complaint(), complaint(at="2026-10-01T00:00:00+00:00")
    assert within([inside, outside], "2026-11-01", "2026-11-26T00:00:00") == (inside,)
