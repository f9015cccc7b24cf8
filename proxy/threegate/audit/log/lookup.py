"""Finds the last record of one request, by the id that a client was given."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError

from threegate.audit.errors import reason_of, trouble
from threegate.audit.log.database import reader_engine
from threegate.audit.log.query import Entry, of_requests
from threegate.audit.log.record import timestamp
from threegate.audit.log.schema import RECORD


def event_of(url: str, id: str) -> dict[str, Any] | None:
    """The last record of a request, with its time as `ts`; None if it has no record. Raises
    AuditError."""
    try:
        with reader_engine(url).begin() as connection:
            entries = of_requests(connection, [id])
            entries = entries or of_requests(connection, [_request_of(connection, id)])
    except DBAPIError as error:
        raise trouble("explain", why=reason_of(error)) from None
    return _event(entries[-1]) if entries else None


def _event(entry: Entry) -> dict[str, Any]:
    return {**entry.event, "ts": timestamp(entry.ts_us)}


def _request_of(connection: Connection, decision: str) -> str:
    """The request that a decision belongs to, or nothing. Reads the log from its end."""
    named = RECORD.c.entry.contains(f'"id":"{decision}"', autoescape=True)
    found = select(RECORD.c.request_id).where(named).order_by(RECORD.c.ts.desc()).limit(1)
    return str(connection.execute(found).scalar() or "")
