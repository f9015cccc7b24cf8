"""Counts and stops of rules with a band, shared by all workers and replicas of one database.

Each process adds to its own rows, so no process waits for another; a rule's share is computed from
their sum. The first process to write a stop has made it; the others find it there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from threegate.policy.lifecycle.bands import BandExit, BandMinute, BandSide, Count, side_of
from threegate.policy.model import Band, PolicySet
from threegate.sql_tables import create_tables, key, required

KEPT_MINUTES = 24 * 60
"""The longest period that a band may cover."""

METADATA = MetaData()
COUNTS = Table(
    "rule_count",
    METADATA,
    *key("policy", "rule", of=Text),
    *key("minute", of=Integer),
    *key("process", of=Text),
    *required("calls", "acted", of=Integer),
)
LEFT = Table(
    "rule_left_band",
    METADATA,
    *key("policy", "rule", "side", of=Text),
    *required("calls", "acted", of=Integer),
    *required("at", of=Text),
)


@dataclass(frozen=True, slots=True)
class BandStore:
    """`process` identifies this process's rows. Methods block."""

    engine: Engine
    process: str

    @classmethod
    def open(cls, engine: Engine, process: str) -> BandStore:
        create_tables(engine, METADATA)
        return cls(engine, process)

    def add(self, counts: Mapping[BandMinute, Count]) -> None:
        if not counts:
            return
        with self.engine.begin() as connection:
            for key, count in counts.items():
                self._add(connection, key, count)
            oldest = max(key.number for key in counts) - KEPT_MINUTES
            connection.execute(delete(COUNTS).where(COUNTS.c.minute < oldest))

    def _add(self, connection: Connection, key: BandMinute, count: Count) -> None:
        mine = (*_of(COUNTS, key.policy, key.rule), COUNTS.c.minute == key.number)
        more = {"calls": COUNTS.c.calls + count.calls, "acted": COUNTS.c.acted + count.acted}
        changed = update(COUNTS).where(*mine, COUNTS.c.process == self.process).values(more)
        if connection.execute(changed).rowcount == 0:
            row = (key.policy, key.rule, key.number, self.process, count.calls, count.acted)
            connection.execute(insert(COUNTS).values(row))

    def count(self, policy: str, rule: str, since: int, until: int) -> Count:
        """The counts of all processes together, both minutes included. A later minute is from a
        clock that was ahead."""
        total = select(func.sum(COUNTS.c.calls), func.sum(COUNTS.c.acted))
        wanted = total.where(*_of(COUNTS, policy, rule), COUNTS.c.minute.between(since, until))
        with self.engine.connect() as connection:
            calls, acted = connection.execute(wanted).one()
        return Count(calls or 0, acted or 0)

    def look(self, policies: PolicySet, now: str, minute: int) -> tuple[BandExit, ...]:
        """The rules that are out of their band and not stored as such."""
        known = {(e.policy, e.rule, e.side) for e in self.left(policies)}
        found: list[BandExit] = []
        for policy, rule, band in banded(policies):
            count = self.count(policy, rule, minute - band.minutes + 1, minute)
            side = side_of(band, count)
            if side is not None and (policy, rule, side) not in known:
                found.append(BandExit(policy, rule, side, count, now))
        return tuple(found)

    def put(self, left: BandExit) -> bool:
        """Stops the rule if it acted too often. False if another process was first."""
        count = left.count
        row = (left.policy, left.rule, left.side.value, count.calls, count.acted, left.at)
        try:
            with self.engine.begin() as connection:
                connection.execute(insert(LEFT).values(row))
        except IntegrityError:
            return False
        return True

    def left(self, policies: PolicySet) -> tuple[BandExit, ...]:
        """The rules of these policies that left their band and were not resumed, oldest first."""
        digests = {b.policy.digest for b in policies.bindings}
        wanted = select(LEFT).where(LEFT.c.policy.in_(digests)).order_by(LEFT.c.at)
        with self.engine.connect() as connection:
            rows = connection.execute(wanted).all()
        return tuple(
            BandExit(r.policy, r.rule, BandSide(r.side), Count(r.calls, r.acted), r.at)
            for r in rows
        )

    def resume(self, policy: str, rule: str) -> bool:
        """Lets the rule act again, with its count starting at zero. False if it was not stopped."""
        with self.engine.begin() as connection:
            gone = connection.execute(delete(LEFT).where(*_of(LEFT, policy, rule))).rowcount
            connection.execute(delete(COUNTS).where(*_of(COUNTS, policy, rule)))
        return gone > 0


def banded(policies: PolicySet) -> Iterator[tuple[str, str, Band]]:
    """(policy, rule, band) of every rule with a band, each once."""
    seen: set[str] = set()
    for binding in policies.bindings:
        digest = binding.policy.digest
        if digest not in seen:
            seen.add(digest)
            yield from ((digest, r.id, r.band) for r in binding.policy.rules if r.band)


def _of(table: Table, policy: str, rule: str) -> tuple[ColumnElement[bool], ...]:
    return (table.c.policy == policy, table.c.rule == rule)
