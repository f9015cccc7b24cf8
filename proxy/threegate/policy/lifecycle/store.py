"""The active policy set, from a folder or from the database: open, pin, reload, with the last good
one kept. A reload that meets any error leaves the active set unchanged and reports why in
`problems`. A start with errors fails. The active set is also written to the state folder as the
bytes it was read from: a worker that replaces a dead one in a running server may fall back on it,
so that it serves the same as the other workers. Swapping is a single assignment: a request that
pinned a set keeps it to its end.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from threegate.durable_files import replace_file
from threegate.errors import PolicyError
from threegate.policy.errors import broken
from threegate.policy.facade import Checked, check, rebuild
from threegate.policy.language.load import MAX_TEXT_BYTES, DictTree
from threegate.policy.language.problems import Problem, errors
from threegate.policy.lifecycle.cut_off import cut_off
from threegate.policy.lifecycle.versions import Versions
from threegate.policy.model import PolicySet

LAST_GOOD = "policy-last-good.json"


def today_utc() -> str:
    return datetime.now(UTC).date().isoformat()


def now_utc() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


Fingerprint = tuple[tuple[str, int, int, int], ...]
"""(path, mtime in ns, size, inode) of files; zeros if the file does not exist."""


class DirTree:
    """A folder as a `Tree`. Symbolic links may not lead out of it. Remembers which files were
    read."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._stats: dict[str, tuple[int, int, int]] = {}

    def read(self, path: str) -> bytes | None:
        self._stats[path] = self._stat(path)
        full = (self.root / path).resolve()
        if not full.is_relative_to(self.root) or not full.is_file():
            return None
        with full.open("rb") as file:
            return file.read(MAX_TEXT_BYTES + 1)

    def as_read(self) -> Fingerprint:
        """The state of the files just before each was read, so that a later write always
        differs."""
        return tuple((path, *stat) for path, stat in sorted(self._stats.items()))

    def fingerprint(self) -> Fingerprint:
        """The current state of the same files."""
        return tuple((path, *self._stat(path)) for path in sorted(self._stats))

    def _stat(self, path: str) -> tuple[int, int, int]:
        try:
            stat = os.stat(self.root / path)
        except OSError:
            return (0, 0, 0)
        return stat.st_mtime_ns, stat.st_size, stat.st_ino


class Origin(StrEnum):
    """Where the active set was read from."""

    FOLDER = "folder"
    BUNDLE = "bundle"
    VERSION = "version"
    LAST_GOOD = "last-good"


@dataclass(frozen=True, slots=True)
class LoadedSource:
    """The content of a source: the checked packs, their names, and the fingerprint at that time."""

    checked: Checked
    packs: tuple[str, ...]
    fingerprint: object
    origin: Origin = Origin.FOLDER


@dataclass(frozen=True, slots=True)
class InForce:
    """The active set as reported to operators."""

    packs: tuple[str, ...]
    digest: str
    origin: Origin


class Source(Protocol):
    """Where the active set comes from."""

    def check(self) -> LoadedSource: ...
    def fingerprint(self) -> object:
        """Cheap; differs from that of the last `check` if the content may have changed."""
        ...


class FolderSource:
    """The packs of a folder as they are. A change counts after two consecutive looks saw the same
    files: a file that is still being written may happen to be valid with half of its rules.
    """

    def __init__(
        self, root: Path, packs: Iterable[str], today: Callable[[], str], known: frozenset[str]
    ) -> None:
        self._packs, self._today, self._known = tuple(packs), today, known
        self._tree = DirTree(root)
        self._last_stats: Fingerprint = ()
        self._settled: Fingerprint = ()

    def check(self) -> LoadedSource:
        self._tree = DirTree(self._tree.root)
        checked = check(self._tree, self._packs, today=self._today(), known=self._known)
        self._last_stats = self._settled = self._tree.as_read()
        return LoadedSource(checked, self._packs, self._settled)

    def fingerprint(self) -> object:
        now = self._tree.fingerprint()
        if now == self._last_stats:
            self._settled = now
        self._last_stats = now
        return self._settled


class VersionSource:
    """The version that is active in the database; until there is one, the fallback source."""

    def __init__(self, versions: Versions, otherwise: Source, now: Callable[[], str]) -> None:
        self._versions, self._otherwise, self._now = versions, otherwise, now

    def check(self) -> LoadedSource:
        active = self._versions.state().active(self._now())
        if active is None:
            return self._otherwise.check()
        # It was linted when it was submitted; lints that look at the date must not stop it now.
        stored, made = self._versions.rebuilt(active.digest)
        checked = Checked(made.bundles, (), made.policies)
        return LoadedSource(checked, stored.packs, stored.digest, Origin.VERSION)

    def fingerprint(self) -> object:
        active = self._versions.state().active(self._now())
        return active.digest if active else self._otherwise.fingerprint()


def require(source: Source) -> None:
    """Raises PolicyError with every problem if a source does not load."""
    if errors(problems := source.check().checked.problems):
        raise broken(problems)


class PolicyStore:
    """The active policy set of one process."""

    def __init__(self, source: Source, state_dir: Path) -> None:
        self.state = state_dir / LAST_GOOD
        self.problems: tuple[Problem, ...] = ()
        self._source = source
        self._active: PolicySet | None = None
        self._packs: tuple[str, ...] = ()
        self._origin = Origin.FOLDER
        self._files: Mapping[str, bytes] = {}
        """What was last active from a folder, if that was the last that was active."""
        self._seen: object = None

    @classmethod
    def of(cls, source: Source, state_dir: Path, *, last_good: bool = False) -> PolicyStore:
        """Raises PolicyError if the source does not load. With `last_good`, the set that was last
        active is used for a source with errors."""
        store = cls(source, state_dir)
        store._files = files_in_force(state_dir)
        store.reload()
        if store._active is None and last_good:
            store._restore()
        store.pin()
        return store

    @property
    def in_force(self) -> InForce:
        return InForce(self._packs, self.pin().digest, self._origin)

    def pin(self) -> PolicySet:
        """The active set; keep it for the whole request."""
        if self._active is None:
            raise broken(self.problems)
        return self._active

    def changed(self) -> bool:
        """Whether the source may have changed since the last reload. Cheap."""
        return self._source.fingerprint() != self._seen

    def reload(self, before: Callable[[PolicySet], object] = lambda new: None) -> bool:
        """Reads the source again; True if the active set has changed. `before` is called with the
        new set before it becomes active; if that raises, the next look finds the change again."""
        try:
            found = self._source.check()
        except PolicyError as error:
            self.problems = error.problems
            return False
        checked = self._whole(found)
        self.problems = checked.problems
        changed = checked.policies is not None and (
            self._active is None or self._active.digest != checked.policies.digest
        )
        if changed and checked.policies is not None:
            self._keep(checked.policies, found, checked.files)
            before(checked.policies)
            self._active = checked.policies
        if checked.policies is not None:
            self._packs, self._origin = found.packs, found.origin
        # Last, so that a set that could not be kept (a full disk) is tried again at the next look.
        self._seen = found.fingerprint
        return changed

    def _whole(self, found: LoadedSource) -> Checked:
        """With errors in place of policies if files of a folder were cut off."""
        checked = found.checked
        if found.origin is not Origin.FOLDER or checked.policies is None:
            return checked
        cut = cut_off(self._files, checked.files)
        return Checked(checked.bundles, (*checked.problems, *cut)) if cut else checked

    def _keep(self, policies: PolicySet, found: LoadedSource, files: Mapping[str, bytes]) -> None:
        shape = {
            "digest": policies.digest,
            "packs": found.packs,
            "origin": found.origin,
            "files": {path: base64.b64encode(files[path]).decode() for path in sorted(files)},
        }
        replace_file(self.state, json.dumps(shape).encode(), 0o600)  # word lists are confidential
        self._files = files if found.origin is Origin.FOLDER else {}

    def _restore(self) -> None:
        """The set that was last active, if its file is intact."""
        with suppress(OSError, ValueError, KeyError, PolicyError):
            kept: dict[str, Any] = json.loads(self.state.read_bytes())
            policies = rebuild(DictTree(_decoded(kept["files"])), kept["packs"]).policies
            if policies.digest == kept["digest"]:
                self._active = policies
                self._packs, self._origin = tuple(kept["packs"]), Origin.LAST_GOOD


def files_in_force(state_dir: Path) -> dict[str, bytes]:
    """What a proxy with this state folder last had in force from a folder; empty if nothing."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        kept: dict[str, Any] = json.loads((state_dir / LAST_GOOD).read_bytes())
        if kept.get("origin") == Origin.FOLDER:
            return _decoded(kept["files"])
    return {}


def _decoded(files: Mapping[str, str]) -> dict[str, bytes]:
    return {path: base64.b64decode(text) for path, text in files.items()}
