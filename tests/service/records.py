"""What the audit log of a running server says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import create_engine, text

from tests.e2e.support.running import Running

Event = dict[str, Any]


def every_event(running: Running | Path) -> list[Event]:
    """Of a server, or of the folder of a guard in process."""
    var = running if isinstance(running, Path) else running.var
    engine = create_engine(f"sqlite:///{var / 'audit.sqlite3'}")
    with engine.connect() as connection:
        found = connection.execute(text("SELECT entry FROM audit_record ORDER BY ts, seq"))
        rows = found.scalars().all()
    engine.dispose()
    return [orjson.loads(row)["event"] for row in rows]


def events(running: Running | Path, request_id: str) -> list[Event]:
    """The events of one request, in order."""
    return [e for e in every_event(running) if e["request"] == request_id]


def last_events(running: Running, endpoint: str) -> list[Event]:
    """The events of one API, in order."""
    return [e for e in every_event(running) if e.get("endpoint") == endpoint]
