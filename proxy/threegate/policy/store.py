"""The policies folder on disk and the active policy set: open, pin, reload, last good kept.

A reload that meets any error leaves the active set alone and says why in `problems`. The set that
is active is written to the state folder as the bytes it was read from, so a restart with a broken
folder serves the last good one. Swapping is one attribute assignment: a request that pinned a set
keeps it to its end.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from threegate.errors import PolicyError
from threegate.policy.facade import check, rebuild, summary
from threegate.policy.kinds import KINDS
from threegate.policy.load import MAX_TEXT_BYTES, DictTree
from threegate.policy.model import PolicySet
from threegate.policy.problems import Problem

LAST_GOOD = "policy-last-good.json"


def today_utc() -> str:
    return datetime.now(UTC).date().isoformat()


class DirTree:
    """A folder as a `Tree`. Symbolic links may not lead out of it. Remembers what was asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.asked: set[str] = set()

    def read(self, path: str) -> bytes | None:
        self.asked.add(path)
        full = (self.root / path).resolve()
        if not full.is_relative_to(self.root) or not full.is_file():
            return None
        with full.open("rb") as file:
            return file.read(MAX_TEXT_BYTES + 1)

    def fingerprint(self) -> tuple[tuple[str, int, int, int], ...]:
        """Changes when a file that was asked for is written, replaced, made or removed."""
        return tuple((path, *self._stat(path)) for path in sorted(self.asked))

    def _stat(self, path: str) -> tuple[int, int, int]:
        try:
            stat = os.stat(self.root / path)
        except OSError:
            return (0, 0, 0)
        return stat.st_mtime_ns, stat.st_size, stat.st_ino


class PolicyStore:
    """The active policy set of one process."""

    def __init__(
        self,
        root: Path,
        packs: Iterable[str],
        state_dir: Path,
        *,
        today: Callable[[], str] = today_utc,
        known: frozenset[str] = KINDS,
    ) -> None:
        self.root, self.packs, self.state = root, tuple(packs), state_dir / LAST_GOOD
        self.problems: tuple[Problem, ...] = ()
        self._today, self._known = today, known
        self._active: PolicySet | None = None
        self._seen: object = None
        self._tree = DirTree(root)

    @classmethod
    def open(
        cls,
        root: Path,
        packs: Iterable[str],
        state_dir: Path,
        *,
        today: Callable[[], str] = today_utc,
        known: frozenset[str] = KINDS,
    ) -> PolicyStore:
        """Load the packs, or the last good set where they have errors. Raises PolicyError if there
        is neither."""
        store = cls(root, packs, state_dir, today=today, known=known)
        store.reload()
        if store._active is None:
            store._active = store._last_good()
        return store

    def pin(self) -> PolicySet:
        """The active set; hold on to it for the whole request."""
        if self._active is None:
            raise PolicyError(summary(self.problems), self.problems)
        return self._active

    def changed(self) -> bool:
        """Whether a file of the packs was touched since the last reload. Cheap: one stat per
        file."""
        return self._tree.fingerprint() != self._seen

    def reload(self) -> bool:
        """Read the packs again; True if the active set is another one now."""
        tree = DirTree(self.root)
        checked = check(tree, self.packs, today=self._today(), known=self._known)
        self._tree, self._seen = tree, tree.fingerprint()
        self.problems = checked.problems
        if checked.policies is None:
            return False
        if self._active and self._active.digest == checked.policies.digest:
            return False
        self._keep(checked.policies, checked.files)
        self._active = checked.policies
        return True

    def _keep(self, policies: PolicySet, files: dict[str, bytes]) -> None:
        shape = {
            "digest": policies.digest,
            "packs": self.packs,
            "files": {path: base64.b64encode(files[path]).decode() for path in sorted(files)},
        }
        write_durably(self.state, json.dumps(shape).encode())

    def _last_good(self) -> PolicySet:
        with suppress(OSError, ValueError, KeyError, PolicyError):
            kept: dict[str, Any] = json.loads(self.state.read_bytes())
            files = {path: base64.b64decode(text) for path, text in kept["files"].items()}
            policies = rebuild(DictTree(files), kept["packs"])
            if policies.digest == kept["digest"]:
                return policies
        raise PolicyError(summary(self.problems), self.problems)


def write_durably(path: Path, content: bytes) -> None:
    """Temporary file, fsync, rename, fsync of the folder: the file is whole or unchanged."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
