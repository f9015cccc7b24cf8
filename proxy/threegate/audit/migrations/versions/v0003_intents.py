"""Intents: calls that may reach the model and have no record yet.

In SQLite without row ids, so that a row is written and removed in a single small tree.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from threegate.sql_tables import key, required

revision = "0003"
down_revision = "0002"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_intent",
        *key("id"),
        *required("writer"),
        *required("ts", of=BIG),
        *required("caller", "policy", "digest", "key_id"),
        sa.Column("salt", sa.LargeBinary),
        sqlite_with_rowid=False,
    )
