"""Intents: calls that may reach the model and have no record yet.

In SQLite without row ids, so that a row is written and removed in a single small tree.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_intent",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("writer", sa.String, nullable=False),
        sa.Column("ts", BIG, nullable=False),
        sa.Column("caller", sa.String, nullable=False),
        sa.Column("policy", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("key_id", sa.String, nullable=False),
        sa.Column("salt", sa.LargeBinary),
        sqlite_with_rowid=False,
    )
