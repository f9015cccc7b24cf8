"""The calls that a review queue may hold, read from the log's search columns.

Only ids are read: a queue is counted as a whole and shown page by page. The newest `MOST` calls of
each sort are considered; `Candidates.capped` says that there are older ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select

from threegate.audit.log.encoding import ACTION_OF, UNDECIDED
from threegate.audit.log.record import ENDS
from threegate.audit.log.schema import RECORD
from threegate.console.review.review_queue import sampled
from threegate.types import Action

MOST = 20_000
_STOPPING = [int(Action.ANSWER), int(Action.BLOCK)]
_ALL_BUT_PASSED = [*_STOPPING, ACTION_OF[UNDECIDED]]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Request ids in the order of the queue, each once."""

    requests: tuple[str, ...]
    capped: bool


def candidates(connection: Connection, passed: int, first: Iterable[str]) -> Candidates:
    """`first` (complaints, assigned calls), then stopped calls, then `passed` per cent of the rest;
    newest first in each group."""
    stopped = _newest(connection, RECORD.c.action.in_(_STOPPING))
    rest = _newest(connection, RECORD.c.action.not_in(_ALL_BUT_PASSED)) if passed else []
    chosen = [*sorted(first), *stopped, *(r for r in rest if sampled(r, passed))]
    return Candidates(tuple(dict.fromkeys(chosen)), MOST in (len(stopped), len(rest)))


def _newest(connection: Connection, condition: ColumnElement[bool]) -> list[str]:
    ended = RECORD.c.stage.in_([s.value for s in ENDS])
    wanted = select(RECORD.c.request_id).where(ended, condition)
    newest = wanted.order_by(RECORD.c.ts.desc(), RECORD.c.writer.desc(), RECORD.c.seq.desc())
    return [str(row.request_id) for row in connection.execute(newest.limit(MOST))]
