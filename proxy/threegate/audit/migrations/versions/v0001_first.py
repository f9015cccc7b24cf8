"""The first schema. PostgreSQL partitions `audit_record` by month; rows without a partition go to a
default one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    _record(postgres)
    _beside()
    _bookkeeping()
    _text_index(postgres)


def _record(postgres: bool) -> None:
    words = ("request_id", "stage", "layer", "tenant", "key_id", "model", "policy", "language")
    op.create_table(
        "audit_record",
        sa.Column("writer", sa.String, nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("ts", BIG, nullable=False),
        *(sa.Column(name, sa.String, nullable=False) for name in words),
        sa.Column("action", sa.Integer, nullable=False),
        sa.Column("conversation", sa.String, nullable=False),
        sa.Column("retention", sa.String, nullable=False),
        sa.Column("subject", sa.String),
        sa.Column("salt", sa.LargeBinary),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
        # A partitioned table's key must contain the partition column.
        sa.PrimaryKeyConstraint("writer", "seq", *(("ts",) if postgres else ())),
        postgresql_partition_by="RANGE (ts)",
    )
    if postgres:
        op.execute("CREATE TABLE audit_record_rest PARTITION OF audit_record DEFAULT")
    op.create_index("audit_record_ts", "audit_record", ["ts"])
    op.create_index("audit_record_request", "audit_record", ["request_id"])
    present = sa.text("subject IS NOT NULL")
    op.create_index(
        "audit_record_subject",
        "audit_record",
        ["subject"],
        sqlite_where=present,
        postgresql_where=present,
    )


def _beside() -> None:
    op.create_table(
        "audit_stub",
        sa.Column("writer", sa.String, primary_key=True),
        sa.Column("seq", BIG, primary_key=True),
        sa.Column("leaf", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "audit_hit",
        sa.Column("writer", sa.String, primary_key=True),
        sa.Column("seq", BIG, primary_key=True),
        sa.Column("n", sa.Integer, primary_key=True),
        sa.Column("ts", BIG, nullable=False),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("layer", sa.String, nullable=False),
        sa.Column("action", sa.Integer, nullable=False),
        sa.Column("shadow", sa.Boolean, nullable=False),
    )
    op.create_index("audit_hit_rule", "audit_hit", ["rule", "ts"])
    op.create_table(
        "audit_content",
        sa.Column("id", BIG, primary_key=True, autoincrement=True),
        sa.Column("writer", sa.String, nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("ts", BIG, nullable=False),
        sa.Column("key_id", sa.String, nullable=False),
        sa.Column("blob", sa.LargeBinary, nullable=False),
    )
    op.create_index("audit_content_place", "audit_content", ["writer", "seq"], unique=True)


def _bookkeeping() -> None:
    op.create_table(
        "audit_key",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("day", sa.String, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("writer", sa.String, primary_key=True),
        sa.Column("size", BIG, primary_key=True),
        sa.Column("ts", BIG, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table(
        "audit_writer",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("opened", BIG, nullable=False),
        sa.Column("seen", BIG, nullable=False),
    )
    op.create_table(
        "audit_hold",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("field", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("since", BIG, nullable=False),
    )


def _text_index(postgres: bool) -> None:
    """Contains only the words of redacted texts and not the texts themselves (a contentless index).
    For the tokenizer `ascii` every non-ASCII character is part of a word, including the newest
    ideographs. Merging at 16 instead of 4 segments per level makes writing a fifth cheaper."""
    if postgres:
        op.execute(
            "CREATE TABLE audit_text (id BIGINT PRIMARY KEY"
            " REFERENCES audit_content (id) ON DELETE CASCADE, terms TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX audit_text_terms ON audit_text USING GIN (terms)")
        return
    op.execute(
        "CREATE VIRTUAL TABLE audit_text USING fts5("
        "terms, content='', contentless_delete=1, tokenize='ascii')"
    )
    op.execute("INSERT INTO audit_text (audit_text, rank) VALUES ('automerge', 16)")
