"""Policy versions in a database: content by digest, and the events that happened to it.

Contents are written once under their digest and never changed. Events are numbered without gaps; if
two people act at the same moment, both see the state before; one of them wins the number, and the
other is judged again by the new state. So the four-eyes rules of `lifecycle` hold across workers
and replicas without a lock of our own.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, Integer, MetaData, Table, Text, insert, select, update
from sqlalchemy.exc import IntegrityError

from threegate.errors import PolicyError
from threegate.policy.errors import broken, failure
from threegate.policy.facade import Checked, Rebuilt, rebuild
from threegate.policy.language.load import DictTree
from threegate.policy.lifecycle.approval import PersonOf, Refused, decide, nobody
from threegate.policy.lifecycle.commands import Command, Event, Submit, command_of, stored_form
from threegate.policy.lifecycle.machine import State, fold
from threegate.policy.lifecycle.people import Person
from threegate.policy.model import PolicySet
from threegate.sql_tables import create_tables, key, required

MAX_TRIES = 20
"""Consecutive collisions before giving up; each means that somebody else succeeded."""

METADATA = MetaData()
VERSIONS = Table(
    "policy_version",
    METADATA,
    *key("digest", of=Text),
    *required("packs", "files", "created", of=Text),
)
EVENTS = Table(
    "policy_event",
    METADATA,
    *key("seq", of=Integer),
    *required("at", "actor", "actor_group", "command", "body", of=Text),
)


@dataclass(frozen=True, slots=True)
class Stored:
    """One version as it was read: pack names and the bytes of every file."""

    digest: str
    packs: tuple[str, ...]
    files: Mapping[str, bytes]


@dataclass(slots=True, eq=False)
class Versions:
    """All versions of one database. Methods block; async callers use a thread.

    Events never change, so each look at the database reads only the last known one and those after
    it; if that one differs (a restored database), all are read again.
    """

    engine: Engine
    person_of: PersonOf = nobody  # blocks
    _known: tuple[Event, ...] = field(default=(), init=False, repr=False)

    @classmethod
    def open(cls, engine: Engine, person_of: PersonOf = nobody) -> Versions:
        create_tables(engine, METADATA)
        return cls(engine, person_of)

    def save(self, checked: Checked, packs: tuple[str, ...], now: str) -> str:
        """Stores the content of a checked set under its digest; in place of content of that digest
        from which the set cannot be built again. Raises PolicyError on errors."""
        if checked.policies is None:
            raise broken(checked.problems)
        digest = checked.policies.digest
        files = {path: base64.b64encode(text).decode() for path, text in checked.files.items()}
        row = {
            "digest": digest,
            "packs": json.dumps(packs),
            "files": json.dumps(files, sort_keys=True),
            "created": now,
        }
        try:
            with self.engine.begin() as connection:
                connection.execute(insert(VERSIONS).values(row))
        except IntegrityError:
            if self.load(digest) is None:  # not because it is there already
                raise
            self._mend(row)
        return digest

    def _mend(self, row: Mapping[str, str]) -> None:
        if not self.whole(row["digest"]):
            with self.engine.begin() as connection:
                same = VERSIONS.c.digest == row["digest"]
                connection.execute(update(VERSIONS).where(same).values(row))

    def whole(self, digest: str) -> bool:
        """Whether a version can be built from what is stored. An earlier release left out packs
        that only bind others."""
        try:
            self.rebuilt(digest)
        except PolicyError:
            return False
        return True

    def load(self, digest: str) -> Stored | None:
        with self.engine.connect() as connection:
            query = select(VERSIONS.c.packs, VERSIONS.c.files).where(VERSIONS.c.digest == digest)
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        files = {path: base64.b64decode(text) for path, text in json.loads(row.files).items()}
        return Stored(digest, tuple(json.loads(row.packs)), files)

    def build(self, digest: str) -> PolicySet:
        """The policy set of a version. Raises PolicyError if it is missing or does not match its
        digest."""
        return self.rebuilt(digest)[1].policies

    def rebuilt(self, digest: str) -> tuple[Stored, Rebuilt]:
        """A version as it is stored, and its policy set. Raises PolicyError like `build`."""
        stored = self.load(digest)
        if stored is None:
            raise failure("version-unknown")
        made = rebuild(DictTree(stored.files), stored.packs)
        if made.policies.digest != digest:
            raise failure("version-damaged")
        return stored, made

    def events(self) -> tuple[Event, ...]:
        known = self._known
        found = self._from(len(known))
        if known and known[-1:] != found[:1]:
            known, found = (), self._from(0)
        self._known = known[:-1] + found
        return self._known

    def _from(self, seq: int) -> tuple[Event, ...]:
        query = select(EVENTS).where(EVENTS.c.seq >= seq).order_by(EVENTS.c.seq)
        with self.engine.connect() as connection:
            return tuple(_event(row) for row in connection.execute(query))

    def state(self) -> State:
        return fold(self.events())

    @property
    def seen(self) -> State:
        """The state as last read, without reading again."""
        return fold(self._known)

    def act(self, command: Command, by: Person, now: str) -> Event | Refused:
        """Records a command if the rules allow it now."""
        if isinstance(command, Submit) and self.load(command.digest) is None:
            raise failure("version-unsaved")
        for _ in range(MAX_TRIES):
            known = self.events()
            answer = decide(fold(known), command, by, now, self.person_of)
            if isinstance(answer, Refused) or self._append(answer, len(known) + 1):
                return answer
        raise failure("too-many-acting")

    def _append(self, event: Event, seq: int) -> bool:
        """False if somebody else took the number."""
        name, body = stored_form(event.command)
        row = {
            "seq": seq,
            "at": event.at,
            "actor": event.by,
            "actor_group": event.group,
            "command": name,
            "body": body,
        }
        try:
            with self.engine.begin() as connection:
                connection.execute(insert(EVENTS).values(row))
        except IntegrityError:
            return False
        return True


def _event(row: Any) -> Event:
    return Event(command_of(row.command, row.body), row.actor, row.actor_group, row.at)
