"""What the audit log of a running server says of one record id."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import create_engine, text

from tests.e2e.running import Running


def events(running: Running, request_id: str) -> list[dict[str, Any]]:
    """The events of one request, in order."""
    engine = create_engine(f"sqlite:///{running.var / 'audit.sqlite3'}")
    with engine.connect() as connection:
        rows = (
            connection.execute(text("SELECT entry FROM audit_record ORDER BY ts, seq"))
            .scalars()
            .all()
        )
    found = [orjson.loads(row)["event"] for row in rows]
    return [e for e in found if e["request"] == request_id]
