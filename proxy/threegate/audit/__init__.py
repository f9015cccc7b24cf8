"""The audit log: what the guard did, durable before it counts, tamper-evident, erasable.

`record` says what is logged, `chain` and `note` prove it (pure), `writer` makes it durable,
`store.AuditLog` is the door for the gateway and the console, `verify` reads it without any of
these.
"""

from __future__ import annotations

from threegate.audit.log.append_queue import Receipt
from threegate.audit.log.query import Entry, Page, Query
from threegate.audit.log.record import (
    Content,
    ContentLevel,
    Intent,
    Part,
    Record,
    Stage,
    Usage,
)
from threegate.audit.log.store import AuditLog
from threegate.audit.settings import AuditSettings, OnFailure

__all__ = [
    "AuditLog",
    "AuditSettings",
    "Content",
    "ContentLevel",
    "Entry",
    "Intent",
    "OnFailure",
    "Page",
    "Part",
    "Query",
    "Receipt",
    "Record",
    "Stage",
    "Usage",
]
