"""The step of version 0006 from rows of hits to sets, for a log that is migrated and for copies of
before that are restored or made. In a module of its own: Alembic loads its scripts by their paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import orjson
from sqlalchemy import Connection, text

from threegate.audit.log.database import insert, is_postgres
from threegate.audit.log.hit_sets import HIT_NAMES, hit_rows, hits_id, set_rows
from threegate.audit.log.rows import Row
from threegate.audit.log.schema import HIT

ROWS = "audit_hit"  # the table of before
PAGE = 20_000  # rows; a record has fewer
OLD = text(
    "SELECT writer, seq, ts, rule, kind, layer, action, shadow FROM audit_hit"
    " WHERE (writer, seq) > (:writer, :seq) ORDER BY writer, seq, n LIMIT :page"
)
NAMED = text(
    "UPDATE audit_record SET hits = :hits WHERE writer = :writer AND seq = :seq AND ts = :ts"
)
NAMED_POSTGRES = text(
    "UPDATE audit_record AS r SET hits = n.hits FROM json_to_recordset(CAST(:rows AS json))"
    " AS n(writer text, seq bigint, ts bigint, hits bigint)"
    " WHERE r.writer = n.writer AND r.seq = n.seq AND r.ts = n.ts"
)
Sets = dict[int, list[Row]]
Named = dict[str, str | int]  # a record's place and its set


def to_sets(source: Connection, target: Connection) -> None:
    """Stores the sets of the rows in `source` and names them in the records of `target`."""
    for sets, named in _pages(source):
        insert(target, HIT, HIT_NAMES, set_rows(sets), unless_there=True)
        if is_postgres(target):
            target.execute(NAMED_POSTGRES, {"rows": orjson.dumps(named).decode()})
        else:
            target.execute(NAMED, named)


def _pages(source: Connection) -> Iterator[tuple[Sets, list[Named]]]:
    writer, seq = "", -1
    while rows := source.execute(OLD, {"writer": writer, "seq": seq, "page": PAGE}).all():
        last = rows[-1][:2]
        whole = rows if len(rows) < PAGE else [r for r in rows if r[:2] != last]
        writer, seq = whole[-1][:2]
        yield _sets(whole)


def _sets(rows: Sequence[Sequence[Any]]) -> tuple[Sets, list[Named]]:
    sets, named = Sets(), list[Named]()
    for (writer, seq, ts), group in groupby(rows, key=lambda row: tuple(row[:3])):
        hits = tuple(tuple(row[3:]) for row in group)
        sets[hits_id(hits)] = hit_rows(hits)
        named.append({"writer": writer, "seq": seq, "ts": ts, "hits": hits_id(hits)})
    return sets, named
