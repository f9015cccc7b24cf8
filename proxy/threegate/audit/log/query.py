"""Reading the log: search with facets, one request, what is new, the record of an id that a client
was given. `conditions` turns a query into SQL.

Pages are stable under concurrent writing: newest first by (ts, writer, seq), continued after the
last row seen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, tuple_
from sqlalchemy.exc import DBAPIError

from threegate.audit.errors import reason_of, trouble
from threegate.audit.log.conditions import Query, is_finding, where
from threegate.audit.log.content import unseal
from threegate.audit.log.database import reader_engine
from threegate.audit.log.encoding import ACTION_NAMES, timestamp
from threegate.audit.log.keys import DataKey, MasterKey
from threegate.audit.log.record import DAY_US, Stage
from threegate.audit.log.schema import CHECKPOINT, CONTENT, HIT, KEY, RECORD, of_record

MAX_PAGE = 500
MAX_FACET_VALUES = 50
FACETS = ("key_id", "action", "layer", "language", "tenant", "model", "policy", "stage")
"""Grouped in this order: the most selective columns first, so that sorting compares few."""
_CURSOR: Final = re.compile(r"(-?\d{1,18})\.([\w-]*)\.(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored record. `event` is the parsed `event` member; `integrated`: covered by a
    checkpoint."""

    writer: str
    seq: int
    ts_us: int
    leaf: bytes
    event: Mapping[str, Any]
    entry: str = field(repr=False)
    has_content: bool
    integrated: bool

    @property
    def stage(self) -> Stage:
        return Stage(self.event["stage"])

    @property
    def id(self) -> str:
        return str(self.event["id"])

    @property
    def request_id(self) -> str:
        return str(self.event["request"])


@dataclass(frozen=True, slots=True)
class Page:
    """`next` continues after the last entry, empty at the end. With `Query.facets`, all matches are
    counted: `facets` by name and value, `slots` by time, stage and action."""

    entries: tuple[Entry, ...]
    next: str = ""
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    slots: Mapping[tuple[int, str, int], int] = field(default_factory=dict)


# Not EXISTS: for that, PostgreSQL would first build a table of all contents.
_HAS_CONTENT = select(CONTENT.c.id).where(of_record(CONTENT)).scalar_subquery().label("content")
_SIGNED = (
    select(func.max(CHECKPOINT.c.size))
    .where(CHECKPOINT.c.writer == RECORD.c.writer)
    .scalar_subquery()
    .label("signed")
)
_COLUMNS = (RECORD.c.writer, RECORD.c.seq, RECORD.c.ts, RECORD.c.leaf, RECORD.c.entry)


def _select() -> Select[Any]:
    return select(*_COLUMNS, _HAS_CONTENT, _SIGNED)


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        row.writer,
        row.seq,
        row.ts,
        bytes(row.leaf),
        orjson.loads(row.entry)["event"],
        row.entry,
        row.content is not None,
        row.seq < (row.signed or 0),
    )


def of_requests(connection: Connection, request_ids: Collection[str]) -> tuple[Entry, ...]:
    """All records of some requests, oldest first."""
    theirs = _select().where(RECORD.c.request_id.in_(request_ids))
    rows = connection.execute(theirs.order_by(RECORD.c.ts, RECORD.c.writer, RECORD.c.seq))
    return tuple(map(_entry, rows))


def read_content(connection: Connection, master: MasterKey, entry: Entry) -> list[dict[str, str]]:
    """The kept parts of `entry`, decrypted. Raises `AuditError` if they cannot be decrypted."""
    place = (CONTENT.c.writer == entry.writer) & (CONTENT.c.seq == entry.seq)
    blob = connection.execute(select(CONTENT.c.blob).where(place)).scalar()
    if blob is None:
        return []
    key = data_key(connection, master, entry)
    if key is None:
        raise trouble("key-gone")
    return unseal(bytes(blob), entry.id, key)


def data_key(connection: Connection, master: MasterKey, entry: Entry) -> DataKey | None:
    """The key that `entry` names; None if it names none or the key was destroyed."""
    key_id = next((c["key"] for c in entry.event.get("content", ()) if "key" in c), "")
    of_id = select(KEY.c.tenant, KEY.c.day, KEY.c.wrapped).where(KEY.c.id == key_id)
    row = connection.execute(of_id).first()
    return master.unwrap(key_id, row.tenant, row.day, bytes(row.wrapped)) if row else None


def find(connection: Connection, query: Query) -> Page:
    limit = max(1, min(query.limit, MAX_PAGE))
    wanted = _select().where(*where(connection, query), *_after(query.after))
    newest = (RECORD.c.ts.desc(), RECORD.c.writer.desc(), RECORD.c.seq.desc())
    rows = connection.execute(wanted.order_by(*newest).limit(limit + 1)).all()
    entries = tuple(map(_entry, rows[:limit]))
    more = len(rows) > limit
    counts = _counted(connection, query) if query.facets else ()
    return Page(entries, _cursor(entries[-1]) if more else "", *counts)


def _cursor(entry: Entry) -> str:
    return f"{entry.ts_us}.{entry.writer}.{entry.seq}"


def _after(cursor: str) -> list[ColumnElement[bool]]:
    """Raises `ValueError` for a cursor that is not ours."""
    if not cursor:
        return []
    place = tuple_(RECORD.c.ts, RECORD.c.writer, RECORD.c.seq)
    return [place < place_of(cursor)]


def place_of(cursor: str) -> tuple[int, str, int]:
    """Time, writer and number of the record before. Raises `ValueError` for a cursor that is not
    ours."""
    if not (found := _CURSOR.fullmatch(cursor)):
        raise ValueError("no cursor")
    ts, writer, seq = found.groups()
    return int(ts), writer, int(seq)


def _counted(
    connection: Connection, query: Query
) -> tuple[dict[str, Mapping[str, int]], Counter[tuple[int, str, int]]]:
    """`Page.facets`, most common first, and `Page.slots`: one pass over the records and one over
    those with hits."""
    conditions = where(connection, query)
    slot = (RECORD.c.ts - (RECORD.c.ts + query.shift_us) % query.step_us).label("slot")
    columns = (slot, *(RECORD.c[name] for name in FACETS))
    totals: dict[str, Counter[Any]] = {name: Counter() for name in (*FACETS, "rule", "kind")}
    slots: Counter[tuple[int, str, int]] = Counter()
    every = select(*columns, func.count()).where(*conditions).group_by("slot", *FACETS)
    for row in connection.execute(every):
        at, *values, number = row
        slots[at, row.stage, row.action] += number
        for name, value in zip(FACETS, values, strict=True):
            totals[name][value] += number
    totals["action"] = Counter({ACTION_NAMES[v]: n for v, n in totals["action"].items()})
    for hits, number in hit_counts(connection, func.count(), conditions):
        for name in ("rule", "kind"):  # a record counts once, however many of its hits name it
            totals[name].update(dict.fromkeys({getattr(hit, name) for hit in hits}, number))
    return {name: _commonest(counts) for name, counts in totals.items()}, slots


def hit_counts(
    connection: Connection, number: ColumnElement[int], conditions: Iterable[ColumnElement[bool]]
) -> Iterator[tuple[Sequence[Any], int]]:
    """Each set of hits, without those that are no findings, and the `number` of its records."""
    counted = select(RECORD.c.hits, number.label("number")).where(RECORD.c.hits != 0, *conditions)
    sets = counted.group_by(RECORD.c.hits).subquery()
    found = select(*HIT.c, sets.c.number).join_from(sets, HIT, sets.c.hits == HIT.c.id)
    rows = connection.execute(found.where(is_finding(HIT)).order_by(HIT.c.id)).all()
    for _, group in groupby(rows, key=lambda row: row.id):
        hits = list(group)
        yield hits, int(hits[0].number)


def _commonest(counts: Counter[str]) -> dict[str, int]:
    counts.pop("", None)
    return dict(counts.most_common(MAX_FACET_VALUES))


def follow(
    connection: Connection, query: Query, places: Mapping[str, int] | None
) -> tuple[tuple[Entry, ...], Mapping[str, int]]:
    """What was stored after `places` (writer → next seq) and where that ends; with None only the
    end."""
    heads = select(RECORD.c.writer, func.max(RECORD.c.seq)).group_by(RECORD.c.writer)
    now = {writer: int(seq) + 1 for writer, seq in connection.execute(heads)}
    if places is None:
        return (), now
    entries: list[Entry] = []
    for writer, end in now.items():
        fresh = (RECORD.c.writer == writer) & (RECORD.c.seq >= places.get(writer, 0))
        wanted = _select().where(fresh, RECORD.c.seq < end, *where(connection, query))
        entries.extend(map(_entry, connection.execute(wanted)))
    return tuple(sorted(entries, key=lambda e: (e.ts_us, e.writer, e.seq))), now


DECISION: Final = re.compile(r"dec_([0-9a-f]{12})[0-9a-f]*")
"""The form of ids from `audit_trail.new_id`: milliseconds, then random digits."""


def event_of(url: str, id: str) -> dict[str, Any] | None:
    """The last record of a request, with its time as `ts`; None if it has no record. Raises
    AuditError."""
    try:
        with reader_engine(url).begin() as connection:
            entries = of_requests(connection, [request_of(connection, id)])
    except DBAPIError as error:
        raise trouble("explain", why=reason_of(error)) from None
    return {**entries[-1].event, "ts": timestamp(entries[-1].ts_us)} if entries else None


def request_of(connection: Connection, given: str) -> str:
    """The request that an id refers to: a request id, or the id of a decision; empty if there is
    none."""
    exact = select(RECORD.c.request_id).where(RECORD.c.request_id == given).limit(1)
    return str(connection.execute(exact).scalar() or _decided(connection, given))


def subject_of(connection: Connection, request: str) -> str:
    """The pseudonym of the end user; empty if the call named none, or after an erasure."""
    of_request = (RECORD.c.request_id == request) & RECORD.c.subject.is_not(None)
    return str(connection.execute(select(RECORD.c.subject).where(of_request)).scalar() or "")


def _decided(connection: Connection, decision: str) -> str:
    """Decisions have no column. Their ids begin with the time, so only one day's records are
    read."""
    if not (made := DECISION.fullmatch(decision)):
        return ""
    at = int(made[1], 16) * 1000
    named = RECORD.c.entry.contains(f'"id":"{decision}"', autoescape=True)
    found = select(RECORD.c.request_id).where(named, RECORD.c.ts.between(at - DAY_US, at + DAY_US))
    return str(connection.execute(found.limit(1)).scalar() or "")
