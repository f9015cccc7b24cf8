"""Finds the last record of one request, by the id that a client was given."""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from threegate.audit.errors import reason_of, trouble
from threegate.audit.log.database import reader_engine
from threegate.audit.log.encoding import timestamp
from threegate.audit.log.query import Entry, of_requests
from threegate.audit.log.record import DAY_US
from threegate.audit.log.schema import RECORD

DECISION: Final = re.compile(r"dec_([0-9a-f]{12})[0-9a-f]*")
"""The form of ids from `audit_trail.new_id`: milliseconds, then random digits."""


def event_of(url: str, id: str) -> dict[str, Any] | None:
    """The last record of a request, with its time as `ts`; None if it has no record. Raises
    AuditError."""
    try:
        with reader_engine(url).begin() as connection:
            entries = of_requests(connection, [request_of(connection, id)])
    except DBAPIError as error:
        raise trouble("explain", why=reason_of(error)) from None
    return _event(entries[-1]) if entries else None


def _event(entry: Entry) -> dict[str, Any]:
    return {**entry.event, "ts": timestamp(entry.ts_us)}


def request_of(connection: Connection, given: str) -> str:
    """The request that an id refers to: a request id, or the id of a decision; empty if there is
    none."""
    exact = select(RECORD.c.request_id).where(RECORD.c.request_id == given).limit(1)
    return str(connection.execute(exact).scalar() or _decided(connection, given))


def subject_of(connection: Connection, request: str) -> str:
    """The pseudonym of the end user; empty if the call named none, or after an erasure."""
    of_request = (RECORD.c.request_id == request) & RECORD.c.subject.is_not(None)
    return str(connection.execute(select(RECORD.c.subject).where(of_request)).scalar() or "")


def _decided(connection: Connection, decision: str) -> str:
    """Decisions have no column. Their ids begin with the time, so only one day's records are
    read."""
    if not (made := DECISION.fullmatch(decision)):
        return ""
    at = int(made[1], 16) * 1000
    named = RECORD.c.entry.contains(f'"id":"{decision}"', autoescape=True)
    found = select(RECORD.c.request_id).where(named, RECORD.c.ts.between(at - DAY_US, at + DAY_US))
    return str(connection.execute(found.limit(1)).scalar() or "")
