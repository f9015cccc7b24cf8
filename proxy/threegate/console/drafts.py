"""What editors are writing: files over the policy in force, one draft per person.

`Workspace` is what a draft is checked, tested and compared as: a tree, the packs in force, and the
digest it started from. The policy in force is the active version of the database, or the folder
(or the signed bundle) while none was ever activated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Engine, delete, insert, select

from threegate.console.database import DRAFT
from threegate.policy.facade import Checked, check
from threegate.policy.load import Bundle, DictTree, Tree, load_bundle
from threegate.policy.store import now_utc, today_utc
from threegate.policy.versions import Versions


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
        return load_bundle(self.tree, self.packs)

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
