"""The tables, for SQLite and PostgreSQL. Migrations make them (`migrations/`); queries use these
names.

`audit_record` is the log: `entry` holds the exact bytes that `leaf` hashes, the other columns
repeat members of it for searching (verification compares them) or lie outside the log (`subject`,
`salt`: erasable).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

METADATA = MetaData()
BIG = BigInteger().with_variant(Integer, "sqlite")

RECORD = Table(
    "audit_record",
    METADATA,
    Column("writer", String, primary_key=True),
    Column("seq", BIG, primary_key=True),
    Column("ts", BIG, nullable=False),  # microseconds since 1970, UTC
    Column("request_id", String, nullable=False),
    Column("stage", String, nullable=False),
    Column("action", Integer, nullable=False),
    Column("layer", String, nullable=False),  # the layer that acted, '' for none
    Column("tenant", String, nullable=False),
    Column("key_id", String, nullable=False),
    Column("model", String, nullable=False),
    Column("policy", String, nullable=False),
    Column("language", String, nullable=False),
    Column("conversation", String, nullable=False),
    Column("retention", String, nullable=False),
    Column("subject", String),
    Column("salt", LargeBinary),
    Column("leaf", LargeBinary, nullable=False),
    Column("entry", Text, nullable=False),
)

# A call that may reach the model, until its record is chained: then the row goes, with a later
# commit. `id` is the request's, `caller` canonical JSON, `digest` and `salt` as in `Intent`.
INTENT = Table(
    "audit_intent",
    METADATA,
    Column("id", String, primary_key=True),
    Column("writer", String, nullable=False),
    Column("ts", BIG, nullable=False),
    Column("caller", String, nullable=False),
    Column("policy", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("key_id", String, nullable=False),
    Column("salt", LargeBinary),
)

# What retention leaves of a record: its place and leaf hash, so that the proofs of the others stay
# valid.
STUB = Table(
    "audit_stub",
    METADATA,
    Column("writer", String, primary_key=True),
    Column("seq", BIG, primary_key=True),
    Column("leaf", LargeBinary, nullable=False),
)

# One row per rule and kind that judged something in a record: facets and per-rule counts.
HIT = Table(
    "audit_hit",
    METADATA,
    Column("writer", String, primary_key=True),
    Column("seq", BIG, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("ts", BIG, nullable=False),
    Column("rule", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("layer", String, nullable=False),
    Column("action", Integer, nullable=False),
    Column("shadow", Boolean, nullable=False),
)

KEY = Table(
    "audit_key",
    METADATA,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("day", String, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)

CONTENT = Table(
    "audit_content",
    METADATA,
    Column("id", BIG, primary_key=True, autoincrement=True),
    Column("writer", String, nullable=False),
    Column("seq", BIG, nullable=False),
    Column("ts", BIG, nullable=False),
    Column("key_id", String, nullable=False),
    Column("blob", LargeBinary, nullable=False),
)

CHECKPOINT = Table(
    "audit_checkpoint",
    METADATA,
    Column("writer", String, primary_key=True),
    Column("size", BIG, primary_key=True),
    Column("ts", BIG, nullable=False),
    Column("note", Text, nullable=False),
)

WRITER = Table(
    "audit_writer",
    METADATA,
    Column("id", String, primary_key=True),
    Column("opened", BIG, nullable=False),
    Column("seen", BIG, nullable=False),
)

# Legal hold: what matches is neither pruned nor erased. `field` is tenant, conversation, subject or
# request_id.
HOLD = Table(
    "audit_hold",
    METADATA,
    Column("id", String, primary_key=True),
    Column("field", String, nullable=False),
    Column("value", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("since", BIG, nullable=False),
)


def of_record(table: Table) -> ColumnElement[bool]:
    """A row of this table belongs to the row of `RECORD` that it is joined with."""
    return (table.c.writer == RECORD.c.writer) & (table.c.seq == RECORD.c.seq)
