"""What editors are writing: files over the policy in force, one draft per person; and what tests
and replays made of a content.

`Workspace` is what a draft is checked, tested and compared as: a tree, the packs in force, and the
digest it started from. The policy in force is the active version of the database, or the folder
(or the signed bundle) while none was ever activated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, and_, delete, insert, or_, select

from threegate.console.database import DRAFT, RESULT
from threegate.policy.facade import Checked, check
from threegate.policy.language.load import Bundle, DictTree, Tree, load_bundle
from threegate.policy.lifecycle.store import now_utc, today_utc
from threegate.policy.lifecycle.versions import Versions

RESULTS_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Drafts:
    """Methods block; async callers use a thread."""

    engine: Engine

    def files(self, owner: str) -> dict[str, bytes]:
        query = select(DRAFT.c.path, DRAFT.c.text).where(DRAFT.c.owner == owner)
        with self.engine.begin() as connection:
            return {row.path: row.text.encode() for row in connection.execute(query)}

    def save(self, owner: str, path: str, text: str) -> None:
        row = {"owner": owner, "path": path, "text": text, "changed": now_utc()}
        with self.engine.begin() as connection:
            connection.execute(delete(DRAFT).where(*_one(owner, path)))
            connection.execute(insert(DRAFT).values(row))

    def discard(self, owner: str, path: str = "") -> None:
        """One file, or all of them."""
        gone = _one(owner, path) if path else (DRAFT.c.owner == owner,)
        with self.engine.begin() as connection:
            connection.execute(delete(DRAFT).where(*gone))

    def keep(self, digest: str, name: str, body: Mapping[str, Any]) -> None:
        """The newest result of this name for a policy with this content; old ones go."""
        now = datetime.now(UTC)
        row = {"digest": digest, "name": name, "at": now.isoformat(), "body": json.dumps(body)}
        same = and_(RESULT.c.digest == digest, RESULT.c.name == name)
        old = RESULT.c.at < (now - RESULTS_KEPT).isoformat()
        with self.engine.begin() as connection:
            connection.execute(delete(RESULT).where(or_(same, old)))
            connection.execute(insert(RESULT).values(row))

    def results(self, digest: str) -> dict[str, dict[str, Any]]:
        """What was kept for exactly this content, by name, each with its time as `at`."""
        query = select(RESULT).where(RESULT.c.digest == digest)
        with self.engine.begin() as connection:
            rows = connection.execute(query).all()
        return {row.name: json.loads(row.body) | {"at": row.at} for row in rows}


def _one(owner: str, path: str) -> tuple[ColumnElement[bool], ...]:
    return (DRAFT.c.owner == owner), (DRAFT.c.path == path)


@dataclass(frozen=True, slots=True)
class Ground:
    """What is in force while no version was ever activated: a folder, or a signed bundle."""

    tree: Tree = field(repr=False)
    packs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Workspace:
    """`files` are those of the draft; empty means: as it is in force."""

    tree: Tree = field(repr=False)
    packs: tuple[str, ...]
    files: dict[str, bytes] = field(repr=False)

    def check(self) -> Checked:
        return check(self.tree, self.packs, today=today_utc())

    def bundle(self) -> Bundle:
        """The packs in force and those that they bind to callers."""
        made = load_bundle(self.tree, self.packs)
        bound = [binding.pack for pack in made.packs for binding in pack.bindings]
        return load_bundle(self.tree, dict.fromkeys((*self.packs, *bound))) if bound else made

    def text(self, path: str) -> str:
        return (self.tree.read(path) or b"").decode("utf-8", "replace")


def workspace(
    versions: Versions, ground: Callable[[], Ground], files: dict[str, bytes]
) -> Workspace:
    """The policy in force with some files over it. Blocks."""
    active = versions.state().active(now_utc())
    stored = versions.load(active.digest) if active else None
    below = ground()
    if stored is not None:
        below = Ground(DictTree(stored.files, below.tree), stored.packs)
    return Workspace(DictTree(files, below.tree), below.packs, files)
