"""Drafts of editors: one per person, as files on top of the policy in force; versions returned to
their author; and results of tests and replays by content.

`Workspace` is the form in which a draft is checked, tested and compared: its files on top of the
tree in force. Each file remembers the text that was in force when it was begun, so a version that
somebody else activates meanwhile is noticed and never silently undone. The policy in force is the
active version of the database, or the folder (or the signed bundle) as long as none was ever
activated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, Table, and_, delete, insert, or_, select

from threegate.console.database import DRAFT, DRAFT_BASE, RESULT, RETURNED
from threegate.console.pack_merge import pieces
from threegate.policy.facade import Checked, Served, check, served
from threegate.policy.language.load import Bundle, DictTree, Tree, load_bundle
from threegate.policy.lifecycle.store import now_utc, today_utc
from threegate.policy.lifecycle.versions import Versions
from threegate.policy.model import ANYBODY, KnownCallers

RESULTS_KEPT = timedelta(days=90)
PACKS = "packs.txt"
"""The file of a draft that lists the enabled packs, one per line."""


@dataclass(frozen=True, slots=True)
class DraftFile:
    """One file of a draft. `base` was in force when its draft was begun; None: unknown."""

    text: str = field(repr=False)
    base: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Returned:
    """A version returned to its author: how, by whom and with which comment."""

    digest: str
    verb: str
    by: str
    note: str
    at: str
    restored: bool


@dataclass(frozen=True, slots=True)
class Drafts:
    """Methods block; async callers use a thread."""

    engine: Engine

    def files(self, owner: str) -> dict[str, DraftFile]:
        both = and_(DRAFT_BASE.c.owner == DRAFT.c.owner, DRAFT_BASE.c.path == DRAFT.c.path)
        query = select(DRAFT.c.path, DRAFT.c.text, DRAFT_BASE.c.text.label("base"))
        query = query.select_from(DRAFT.outerjoin(DRAFT_BASE, both)).where(DRAFT.c.owner == owner)
        with self.engine.begin() as connection:
            rows = connection.execute(query).all()
        return {row.path: DraftFile(row.text, row.base) for row in rows}

    def save(self, owner: str, path: str, text: str, base: str, *, rebase: bool = False) -> None:
        """`base` is the text in force; it is kept from the first save of a file and replaced with
        `rebase`. A text equal to the one in force is not a draft."""
        if text == base:
            self.discard(owner, path)
            return
        row = {"owner": owner, "path": path}
        with self.engine.begin() as connection:
            connection.execute(delete(DRAFT).where(*_one(DRAFT, owner, path)))
            changed = row | {"text": text, "changed": now_utc()}
            connection.execute(insert(DRAFT).values(changed))
            if rebase:
                connection.execute(delete(DRAFT_BASE).where(*_one(DRAFT_BASE, owner, path)))
            known = select(DRAFT_BASE.c.path).where(*_one(DRAFT_BASE, owner, path))
            if connection.execute(known).first() is None:
                connection.execute(insert(DRAFT_BASE).values(row | {"text": base}))

    def discard(self, owner: str, path: str = "") -> None:
        """Deletes one file, or all of them."""
        with self.engine.begin() as connection:
            for table in (DRAFT, DRAFT_BASE):
                gone = _one(table, owner, path) if path else (table.c.owner == owner,)
                connection.execute(delete(table).where(*gone))

    def discard_same(self, owner: str, path: str, text: str) -> None:
        """Deletes a file that still has this text: another tab may have saved since it was read."""
        same = (*_one(DRAFT, owner, path), DRAFT.c.text == text)
        with self.engine.begin() as connection:
            if connection.execute(delete(DRAFT).where(*same)).rowcount:
                connection.execute(delete(DRAFT_BASE).where(*_one(DRAFT_BASE, owner, path)))

    def send_back(self, owner: str, what: Returned) -> None:
        row = {**asdict(what), "restored": int(what.restored), "owner": owner}
        with self.engine.begin() as connection:
            connection.execute(delete(RETURNED).where(*_returned(owner, what.digest)))
            connection.execute(insert(RETURNED).values(row))

    def returned(self, owner: str) -> list[Returned]:
        """Newest first."""
        query = select(RETURNED).where(RETURNED.c.owner == owner).order_by(RETURNED.c.at.desc())
        with self.engine.begin() as connection:
            rows = connection.execute(query).all()
        return [Returned(r.digest, r.verb, r.by, r.note, r.at, bool(r.restored)) for r in rows]

    def settle(self, owner: str, digest: str = "") -> None:
        """Marks a returned version as dealt with; without a digest, those whose files were
        restored."""
        gone = _returned(owner, digest) if digest else (RETURNED.c.owner == owner, _RESTORED)
        with self.engine.begin() as connection:
            connection.execute(delete(RETURNED).where(*gone))

    def keep(self, digest: str, name: str, body: Mapping[str, Any]) -> None:
        """Stores the newest result of this name for a policy with this content; old ones are
        deleted."""
        now = datetime.now(UTC)
        row = {"digest": digest, "name": name, "at": now.isoformat(), "body": json.dumps(body)}
        same = and_(RESULT.c.digest == digest, RESULT.c.name == name)
        old = RESULT.c.at < (now - RESULTS_KEPT).isoformat()
        with self.engine.begin() as connection:
            connection.execute(delete(RESULT).where(or_(same, old)))
            connection.execute(insert(RESULT).values(row))

    def results(self, digest: str) -> dict[str, dict[str, Any]]:
        """The results stored for exactly this content, by name, each with its time as `at`."""
        query = select(RESULT).where(RESULT.c.digest == digest)
        with self.engine.begin() as connection:
            rows = connection.execute(query).all()
        return {row.name: json.loads(row.body) | {"at": row.at} for row in rows}


_RESTORED = RETURNED.c.restored == 1


def _one(table: Table, owner: str, path: str) -> tuple[ColumnElement[bool], ...]:
    return (table.c.owner == owner), (table.c.path == path)


def _returned(owner: str, digest: str) -> tuple[ColumnElement[bool], ...]:
    return (RETURNED.c.owner == owner), (RETURNED.c.digest == digest)


@dataclass(frozen=True, slots=True)
class Ground:
    """What is in force as long as no version was ever activated: a folder, or a signed bundle.
    `shelf` are the packs that can be enabled."""

    tree: Tree = field(repr=False)
    packs: tuple[str, ...]
    shelf: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workspace:
    """`files` are those of the draft on top of `ground`; empty means unchanged. `callers` have or
    had an API key."""

    ground: Ground
    files: Mapping[str, DraftFile] = field(repr=False)
    callers: KnownCallers = ANYBODY

    @property
    def tree(self) -> Tree:
        written = {path: file.text.encode() for path, file in self.files.items()}
        return DictTree(written, self.ground.tree)

    def in_use(self) -> Workspace:
        """The policy in force, without the draft."""
        return replace(self, files={})

    @property
    def packs(self) -> tuple[str, ...]:
        """The packs that the draft enables, or those in force."""
        chosen = self.files.get(PACKS)
        return tuple(chosen.text.split()) if chosen else self.ground.packs

    def check(self) -> Checked:
        return check(self.tree, self.packs, today=today_utc(), callers=self.callers)

    def served(self) -> tuple[Served, ...]:
        return served(self.tree, self.packs)

    def bundle(self) -> Bundle:
        """The packs in force and those that they bind to callers."""
        tree = self.tree
        made = load_bundle(tree, self.packs)
        bound = [n for pack in made.packs for binding in pack.bindings for n in binding.packs]
        return load_bundle(tree, dict.fromkeys((*self.packs, *bound))) if bound else made

    def text(self, path: str) -> str:
        return text_at(self.tree, path)

    def in_force(self, path: str) -> str:
        """The text of a file without the draft; empty if the file does not exist."""
        if path == PACKS:
            return packs_text(self.ground.packs)
        return text_at(self.ground.tree, path)

    def state(self, *places: tuple[str, str]) -> str:
        """A digest of what the draft says at some places: files, or parts of them by key
        (`rules/x`; empty: all of it). A form names the one that it was drawn from."""
        return fingerprint(self._at(path, key) for path, key in places)

    def _at(self, path: str, key: str) -> str:
        text = self.text(path)
        return pieces(path, text).get(key, "") if key else text

    def moved(self) -> list[str]:
        """Files of the draft that somebody else changed since it was begun."""
        return [path for path, file in sorted(self.files.items()) if self._moved(path, file)]

    def _moved(self, path: str, file: DraftFile) -> bool:
        return file.base is not None and self.in_force(path) not in (file.base, file.text)


def fingerprint(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def packs_text(packs: Iterable[str]) -> str:
    return "".join(f"{name}\n" for name in packs)


def text_at(tree: Tree, path: str) -> str:
    """Empty for a file that does not exist."""
    return (tree.read(path) or b"").decode("utf-8", "replace")


def workspace(
    versions: Versions,
    ground: Callable[[], Ground],
    files: Mapping[str, DraftFile],
    callers: KnownCallers = ANYBODY,
) -> Workspace:
    """The policy in force with some files on top. Blocks."""
    active = versions.state().active(now_utc())
    stored = versions.load(active.digest) if active else None
    under = ground()
    if stored is not None:
        under = Ground(DictTree(stored.files, under.tree), stored.packs, under.shelf)
    return Workspace(under, files, callers)
