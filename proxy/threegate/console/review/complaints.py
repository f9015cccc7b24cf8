"""Complaints about decisions: who complained about which request, and how it was answered.

Their texts come from outside, so they are stored in the console's database and never in the audit
log, which records only that a complaint was received or answered.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from statistics import median

from sqlalchemy import Engine, insert, select, update

from threegate.console.database import COMPLAINT

SOURCES = ("user", "staff", "regulator", "other")
CLAIMS = ("over_blocked", "missed", "wrong_answer", "personal_data", "other")
OUTCOMES = ("upheld", "rejected", "duplicate")
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Complaint:
    """`request` may be empty: not everybody knows the id of a call. Times are ISO 8601 in UTC."""

    id: str
    request: str
    source: str
    claim: str
    text: str = field(repr=False)
    author: str
    at: str
    outcome: str = ""
    answer: str = field(default="", repr=False)
    closed_by: str = ""
    closed_at: str = ""


@dataclass(frozen=True, slots=True)
class Complaints:
    """Methods block; async callers use a thread."""

    engine: Engine

    def take(self, complaint: Complaint) -> None:
        with self.engine.begin() as connection:
            connection.execute(insert(COMPLAINT).values(asdict(complaint)))

    def answer(self, id: str, outcome: str, answer: str, by: str, at: str) -> bool:
        """False if there is no such open complaint."""
        still_open = (COMPLAINT.c.id == id) & (COMPLAINT.c.outcome == "")
        values = {"outcome": outcome, "answer": answer, "closed_by": by, "closed_at": at}
        with self.engine.begin() as connection:
            changed = connection.execute(update(COMPLAINT).where(still_open).values(values))
            return changed.rowcount == 1

    def reopen(self, id: str) -> bool:
        """Keeps the answer, to be corrected. False if there is no such closed complaint."""
        closed = (COMPLAINT.c.id == id) & (COMPLAINT.c.outcome != "")
        values = {"outcome": "", "closed_by": "", "closed_at": ""}
        with self.engine.begin() as connection:
            changed = connection.execute(update(COMPLAINT).where(closed).values(values))
            return changed.rowcount == 1

    def all(self, request: str = "") -> tuple[Complaint, ...]:
        """Those about one request, or all of them; open ones first, then the newest."""
        wanted = select(COMPLAINT).order_by(COMPLAINT.c.outcome != "", COMPLAINT.c.at.desc())
        if request:
            wanted = wanted.where(COMPLAINT.c.request == request)
        with self.engine.begin() as connection:
            return tuple(Complaint(**row._mapping) for row in connection.execute(wanted))


def within(complaints: Sequence[Complaint], first: str, last: str) -> tuple[Complaint, ...]:
    """Received from `first` to `last` (ISO times), both inclusive at their own precision."""
    return tuple(c for c in complaints if first <= c.at[: len(first)] and c.at[: len(last)] <= last)


def median_days(complaints: Sequence[Complaint]) -> float | None:
    """How long an answer took; None if nothing has been answered."""
    took = [_seconds(c) / DAY_S for c in complaints if c.closed_at]
    return round(median(took), 1) if took else None


def _seconds(complaint: Complaint) -> float:
    closed, taken = (datetime.fromisoformat(t) for t in (complaint.closed_at, complaint.at))
    return (closed - taken).total_seconds()


def new_id() -> str:
    return f"cpl_{secrets.token_hex(6)}"
