"""Read-only views of a stored log for verification and export: plain SQL over DB-API, in pages,
no engine, no ORM.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from threegate.audit.errors import driver_reason, trouble
from threegate.audit.log import postgres
from threegate.audit.log.encoding import ACTION_OF, UNDECIDED
from threegate.audit.log.rows import COLUMN_NAMES
from threegate.audit.log.schema import UNDECIDED_BEFORE
from threegate.errors import AuditError

FIRST = -(2**31)  # below every place, and valid in every integer column
PAGE = 5_000  # records; bounds memory, not time
INTENTS_SINCE, UNDECIDED_SINCE, SETS_SINCE = "0003", "0005", "0006"  # versions of the schema
KNOWN_SETS = 10_000  # kept in memory
DAMAGES = 20  # reported at most
BTREE_CHECK = "bt_index_check(regclass,boolean)"
CHECKED_INDEXES = (
    "SELECT bt_index_check(i.indexrelid::regclass, true) FROM pg_index i"
    " JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam"
    " JOIN pg_class t ON t.oid = i.indrelid"
    " WHERE a.amname = 'btree' AND c.relkind = 'i' AND t.relname LIKE 'audit\\_%'"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """One place of a chain in the database. A stub (pruned) has no `entry`."""

    writer: str
    seq: int
    leaf: bytes
    entry: str | None = field(default=None, repr=False)
    ts_us: int = 0
    subject: str | None = field(default=None, repr=False)
    salt: bytes | None = field(default=None, repr=False)
    hits: Any = None  # the id of its set; None before `SETS_SINCE`
    columns: tuple[Any, ...] = ()


@dataclass(slots=True)
class Database:
    """Rows of the audit tables. `fetch(sql, parameters)` runs one SELECT with `?` marks."""

    fetch: Callable[[str, Sequence[Any]], list[Sequence[Any]]]
    close: Callable[[], None]
    postgres: bool = False
    _sets: dict[Any, Sequence[Any]] = field(default_factory=dict)

    def writers(self) -> list[str]:
        """Every writer named in any table, by its id, which sorts by start time."""
        sql = (
            "SELECT writer FROM audit_record UNION SELECT writer FROM audit_stub"
            " UNION SELECT writer FROM audit_checkpoint UNION SELECT id FROM audit_writer"
        )
        return sorted(str(row[0]) for row in self.fetch(sql, ()))

    def opening(self, writer: str) -> str | None:
        """The first entry; None if it is gone."""
        sql = "SELECT entry FROM audit_record WHERE writer = ? AND seq = 0"
        return next((str(row[0]) for row in self.fetch(sql, (writer,))), None)

    def rows(self, writer: str) -> Iterator[Stored]:
        """Records and stubs in chain order."""
        listed = ", ".join(map(self._column, COLUMN_NAMES))
        sets = "hits" if self._version() >= SETS_SINCE else "NULL"
        record = f"seq, leaf, entry, ts, subject, salt, {sets}, {listed}"
        empty = ", ".join("NULL" for _ in COLUMN_NAMES)
        both = (
            f"SELECT {record} FROM audit_record WHERE writer = ? AND seq >= ?"  # noqa: S608
            f" UNION ALL SELECT seq, leaf, NULL, 0, NULL, NULL, NULL, {empty} FROM audit_stub"
            " WHERE writer = ? AND seq >= ? ORDER BY seq"
        )
        for row in self._pages(writer, both, twice=True):
            seq, leaf, entry, ts, subject, salt, hits, *columns = row
            kept = as_bytes(salt) if salt is not None else None
            text = entry if entry is None else str(entry)
            place = writer, seq, as_bytes(leaf)
            yield Stored(*place, text, ts, subject, kept, hits, tuple(columns))

    def hit_set(self, id: Any) -> Sequence[Any]:
        """(n, rule, kind, layer, action, shadow) in order; empty if there is no such set."""
        if id not in self._sets:
            if len(self._sets) >= KNOWN_SETS:
                self._sets.clear()
            self._sets[id] = self.fetch(
                "SELECT n, rule, kind, layer, action, shadow FROM audit_hit_set"
                " WHERE id = ? ORDER BY n",
                (id,),
            )
        return self._sets[id]

    def hits(self, writer: str) -> Iterator[Sequence[Any]]:
        """(seq, n, ts, rule, kind, layer, action, shadow) in order, in a log of before
        `SETS_SINCE`."""
        if self._version() >= SETS_SINCE:
            return
        sql = (
            f"SELECT seq, n, ts, rule, kind, layer, action, shadow FROM audit_hit"  # noqa: S608
            f" WHERE writer = ? AND (seq, n) > (?, ?) ORDER BY seq, n LIMIT {PAGE}"
        )
        last = (FIRST, FIRST)
        while True:
            rows = self.fetch(sql, (writer, *last))
            yield from rows
            if len(rows) < PAGE or not all(isinstance(v, int) for v in rows[-1][:2]):
                return
            last = (rows[-1][0], rows[-1][1])

    def contents(self, writer: str) -> Iterator[Sequence[Any]]:
        """(seq, key id, blob) in order."""
        return self._pages(
            writer,
            "SELECT seq, key_id, blob FROM audit_content"
            " WHERE writer = ? AND seq >= ? ORDER BY seq",
        )

    def checkpoints(self) -> list[Sequence[Any]]:
        """(writer, size, note)."""
        sql = "SELECT writer, size, note FROM audit_checkpoint ORDER BY 1, 2"
        return [(str(writer), size, str(note)) for writer, size, note in self.fetch(sql, ())]

    def intents(self) -> list[str]:
        """Requests of calls in flight; a log from before intents has none."""
        if self._version() < INTENTS_SINCE:
            return []
        return [str(row[0]) for row in self.fetch("SELECT id FROM audit_intent", ())]

    def _version(self) -> str:
        """Of the schema; empty where it is not known."""
        versions = self.fetch("SELECT version_num FROM audit_version", ())
        return str(versions[0][0]) if versions else ""

    def _column(self, name: str) -> str:
        """A column as this version stores it, in a log of a version before too."""
        if name != "action" or self._version() >= UNDECIDED_SINCE:
            return name
        return f"CASE WHEN {UNDECIDED_BEFORE} THEN {ACTION_OF[UNDECIDED]} ELSE action END"

    def damage(self) -> list[str]:
        """Reports of the database's own check about tables and indexes that disagree, so that a
        search would miss records. PostgreSQL needs the extension amcheck for this; without it
        nothing is reported."""
        if not self.postgres:
            lines = [str(row[0]) for row in self.fetch(f"PRAGMA integrity_check({DAMAGES})", ())]
            return [line for line in lines if line != "ok"]
        if self.fetch("SELECT to_regprocedure(?)", (BTREE_CHECK,))[0][0] is None:
            return []
        try:
            self.fetch(CHECKED_INDEXES, ())
        except AuditError as error:
            return [error.text.en]
        return []

    def holds(self) -> list[tuple[str, str, str, str, str | int]]:
        """(id, field, value, reason, since) of the legal holds in force."""
        sql = "SELECT id, field, value, reason, since FROM audit_hold ORDER BY id"
        rows = [(*map(str, row[:4]), row[4]) for row in self.fetch(sql, ())]
        return [(a, b, c, d, e if isinstance(e, int) else str(e)) for a, b, c, d, e in rows]

    def tombstones(self) -> Iterator[str]:
        """The entries that state what was erased, shredded or pruned."""
        sql = "SELECT entry FROM audit_record WHERE stage = 'erased' ORDER BY writer, seq"
        return (str(row[0]) for row in self.fetch(sql, ()))

    def key(self, key_id: str) -> tuple[str, str, bytes] | None:
        """(tenant, day, wrapped)."""
        rows = self.fetch("SELECT tenant, day, wrapped FROM audit_key WHERE id = ?", (key_id,))
        return (rows[0][0], rows[0][1], bytes(rows[0][2])) if rows else None

    def has_keys(self) -> bool:
        return bool(self.fetch("SELECT 1 FROM audit_key LIMIT 1", ()))

    def _pages(self, writer: str, sql: str, *, twice: bool = False) -> Iterator[Sequence[Any]]:
        """Rows page by page, each continuing after the last place; a changed log may name places
        far apart."""
        start = FIRST
        while True:
            place = (writer, start)
            rows = self.fetch(f"{sql} LIMIT {PAGE}", place * 2 if twice else place)
            yield from rows
            if len(rows) < PAGE or not isinstance(rows[-1][0], int):
                return
            start = rows[-1][0] + 1


def as_bytes(value: Any) -> bytes:
    """SQLite stores any type in any column; anything other than bytes is not a hash."""
    return bytes(value) if isinstance(value, bytes | bytearray | memoryview) else b""


def connect(url: str) -> Database:
    """A read-only view of `sqlite:///PATH`, a path, or `postgresql://…`, also as `postgres://…`.
    Raises `AuditError`; no other address is taken for a path, since messages name paths and an
    address may hold a password."""
    if url.startswith("sqlite:///") or "://" not in url:
        return _sqlite(Path(url.removeprefix("sqlite:///")))
    if not url.startswith("postgres"):
        raise trouble("database-url")
    return _postgres(url)


def _sqlite(path: Path) -> Database:
    if not path.is_file():
        raise trouble("no-database", path=path)
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def fetch(sql: str, parameters: Sequence[Any]) -> list[Sequence[Any]]:
        try:
            return list(connection.execute(sql, parameters))
        except sqlite3.Error as error:
            raise trouble("not-read", why=error) from None

    return Database(fetch, connection.close)


def _postgres(url: str) -> Database:
    import pg8000.dbapi  # only where PostgreSQL is used

    try:
        connection = postgres.connect(url)
    except pg8000.dbapi.Error as error:
        raise trouble("not-reached", why=driver_reason(error)) from None

    def fetch(sql: str, parameters: Sequence[Any]) -> list[Sequence[Any]]:
        cursor = connection.cursor()
        try:
            cursor.execute(sql.replace("?", "%s"), parameters)
            return list(cursor.fetchall())
        except pg8000.dbapi.Error as error:
            raise trouble("not-read", why=driver_reason(error)) from None

    return Database(fetch, connection.close, postgres=True)
