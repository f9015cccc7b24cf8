"""Turns a log of today into one of an earlier version."""

from __future__ import annotations

from sqlalchemy import Connection, text
from threegate.audit.log.database import is_postgres
from threegate.audit.migrations.versions.v0004_counting import COLUMNS

ROWS = (
    "CREATE TABLE audit_hit (writer VARCHAR NOT NULL, seq BIGINT NOT NULL, n INTEGER NOT NULL,"
    " ts BIGINT NOT NULL, rule VARCHAR NOT NULL, kind VARCHAR NOT NULL, layer VARCHAR NOT NULL,"
    " action INTEGER NOT NULL, shadow BOOLEAN NOT NULL, PRIMARY KEY (writer, seq, n))",
    "INSERT INTO audit_hit SELECT r.writer, r.seq,"  # in order of appearance: the blocking rule first
    " CASE WHEN s.shadow THEN 1 ELSE 0 END, r.ts, s.rule, s.kind, s.layer, s.action, s.shadow"
    " FROM audit_record r JOIN audit_hit_set s ON s.id = r.hits",
    "CREATE INDEX audit_hit_rule ON audit_hit (rule, ts)",
    "DROP TABLE audit_hit_set",
)


def to_rows_of_hits(connection: Connection) -> None:
    """The tables of version 0005."""
    dropped = "ALTER TABLE audit_record DROP COLUMN hits"
    for statement in (*ROWS, *_index(connection), dropped):
        connection.execute(text(statement))


def _index(connection: Connection) -> list[str]:
    if is_postgres(connection):
        return ["DROP INDEX audit_record_hits"]
    listed = ", ".join(COLUMNS)
    return [
        "DROP INDEX audit_record_ts",
        f"CREATE INDEX audit_record_ts ON audit_record ({listed})",
    ]
