"""The audit log: what the guard did, durable before an answer ends, tamper-evident, erasable.

`log.record` defines what is logged, `log.chain` and `log.note` prove it (pure), `log.writer` makes
it durable. `log.store.AuditLog` is what the gateway and the console use; `verify` reads the tables
without it.
"""

from __future__ import annotations

from threegate.audit.log.append_queue import Receipt
from threegate.audit.log.conditions import Query
from threegate.audit.log.query import Entry, Page
from threegate.audit.log.record import Content, ContentLevel, Intent, Part, Record, Stage
from threegate.audit.log.store import AuditLog
from threegate.audit.settings import AuditSettings, OnFailure
