"""The first schema. PostgreSQL partitions `audit_record` by month; rows without a partition go to a
default one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from threegate.sql_tables import key, required

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    _record(postgres)
    _other_tables()
    _bookkeeping()
    _text_index(postgres)


def _record(postgres: bool) -> None:
    words = ("request_id", "stage", "layer", "tenant", "key_id", "model", "policy", "language")
    op.create_table(
        "audit_record",
        *required("writer"),
        *required("seq", "ts", of=BIG),
        *required(*words),
        *required("action", of=sa.Integer),
        *required("conversation", "retention"),
        sa.Column("subject", sa.String),
        sa.Column("salt", sa.LargeBinary),
        *required("leaf", of=sa.LargeBinary),
        *required("entry", of=sa.Text),
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


def _other_tables() -> None:
    op.create_table(
        "audit_stub", *key("writer"), *key("seq", of=BIG), *required("leaf", of=sa.LargeBinary)
    )
    op.create_table(
        "audit_hit",
        *key("writer"),
        *key("seq", of=BIG),
        *key("n", of=sa.Integer),
        *required("ts", of=BIG),
        *required("rule", "kind", "layer"),
        *required("action", of=sa.Integer),
        *required("shadow", of=sa.Boolean),
    )
    op.create_index("audit_hit_rule", "audit_hit", ["rule", "ts"])
    op.create_table(
        "audit_content",
        sa.Column("id", BIG, primary_key=True, autoincrement=True),
        *required("writer"),
        *required("seq", "ts", of=BIG),
        *required("key_id"),
        *required("blob", of=sa.LargeBinary),
    )
    op.create_index("audit_content_place", "audit_content", ["writer", "seq"], unique=True)


def _bookkeeping() -> None:
    op.create_table(
        "audit_key", *key("id"), *required("tenant", "day"), *required("wrapped", of=sa.LargeBinary)
    )
    op.create_table(
        "audit_checkpoint",
        *key("writer"),
        *key("size", of=BIG),
        *required("ts", of=BIG),
        *required("note", of=sa.Text),
    )
    op.create_table("audit_writer", *key("id"), *required("opened", "seen", of=BIG))
    op.create_table(
        "audit_hold", *key("id"), *required("field", "value", "reason"), *required("since", of=BIG)
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
