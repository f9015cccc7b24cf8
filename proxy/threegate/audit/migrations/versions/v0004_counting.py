"""SQLite: the index by time holds everything that searches and reports count.

A record's row is some 1,200 bytes long, most of it the entry; to count, the index alone is read.
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

COLUMNS = [
    *("ts", "writer", "seq", "request_id", "stage", "action", "layer", "tenant", "key_id"),
    *("model", "policy", "language", "subject"),
]


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        return
    op.drop_index("audit_record_ts", "audit_record")
    op.create_index("audit_record_ts", "audit_record", COLUMNS)
