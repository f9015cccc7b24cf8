"""The tables, for SQLite and PostgreSQL. Migrations make them (`migrations/`); queries use these
names.

`audit_record` is the log: `entry` holds the exact bytes that `leaf` hashes, the other columns
repeat members of it for searching (verification compares them) or are outside the log (`subject`,
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

from threegate.sql_tables import key, required

METADATA = MetaData()
BIG = BigInteger().with_variant(Integer, "sqlite")

RECORD = Table(
    "audit_record",
    METADATA,
    *key("writer"),
    *key("seq", of=BIG),
    *required("ts", of=BIG),  # microseconds since 1970, UTC
    *required("request_id", "stage"),
    *required("action", of=Integer),
    *required("layer"),  # the layer that acted, '' for none
    *required("tenant", "key_id", "model", "policy", "language", "conversation", "retention"),
    *required("hits", of=BIG),  # the id of its `HIT` rows, 0 for none
    Column("subject", String),
    Column("salt", LargeBinary),
    *required("leaf", of=LargeBinary),
    *required("entry", of=Text),
)

# A call that may reach the model, until its record is chained: then the row goes, with a later
# commit. `id` is the request's, `caller` canonical JSON, `digest` and `salt` as in `Intent`.
INTENT = Table(
    "audit_intent",
    METADATA,
    *key("id"),
    *required("writer"),
    *required("ts", of=BIG),
    *required("caller", "policy", "digest", "key_id"),
    Column("salt", LargeBinary),
)

# What retention leaves of a record: its place and leaf hash, so that the proofs of the others stay
# valid.
STUB = Table(
    "audit_stub", METADATA, *key("writer"), *key("seq", of=BIG), *required("leaf", of=LargeBinary)
)

# Sets of hits: which rules judged which kinds of things. All records with the same hits name one
# set by its id (`hit_sets.hits_id`), so a commit seldom writes here. Sets are not removed.
HIT = Table(
    "audit_hit_set",
    METADATA,
    *key("id", of=BIG),
    *key("n", of=Integer),
    *required("rule", "kind", "layer"),
    *required("action", of=Integer),
    *required("shadow", of=Boolean),
)

KEY = Table(
    "audit_key",
    METADATA,
    *key("id"),
    *required("tenant", "day"),
    *required("wrapped", of=LargeBinary),
)

CONTENT = Table(
    "audit_content",
    METADATA,
    Column("id", BIG, primary_key=True, autoincrement=True),
    *required("writer"),
    *required("seq", "ts", of=BIG),
    *required("key_id"),
    *required("blob", of=LargeBinary),
)

CHECKPOINT = Table(
    "audit_checkpoint",
    METADATA,
    *key("writer"),
    *key("size", of=BIG),
    *required("ts", of=BIG),
    *required("note", of=Text),
)

WRITER = Table("audit_writer", METADATA, *key("id"), *required("opened", "seen", of=BIG))

# Legal hold: what matches is neither pruned nor erased. `field` is tenant, conversation, subject or
# request_id.
HOLD = Table(
    "audit_hold",
    METADATA,
    *key("id"),
    *required("field", "value", "reason"),
    *required("since", of=BIG),
)


UNDECIDED_BEFORE = 'action = 0 AND substr(entry, 1, 18) <> \'{"event":{"action"\''
"""Versions before 0005 stored an absent decision as `allow`. In a canonical entry, `action` comes
first where there is one."""


def of_record(table: Table) -> ColumnElement[bool]:
    """Joins rows of this table with their row of `RECORD`."""
    return (table.c.writer == RECORD.c.writer) & (table.c.seq == RECORD.c.seq)
