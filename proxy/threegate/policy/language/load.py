"""Files to packs, and packs to bundles: everything that makes up one policy, with all problems.

Pure: files come through a `Tree`. A bundle keeps the bytes of every file that was read, so its
digest names exactly what was read, and a stored version can be compiled again without the folder it
came from.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from threegate.policy.language.decode import MISSING_VALUE, Decoder
from threegate.policy.language.nodes import read
from threegate.policy.language.problems import Mark, Problem, problem
from threegate.policy.language.shapes import place
from threegate.policy.schema import ConstraintRule, Pack, Rule
from threegate.types import Bilingual

MAX_TEXT_BYTES = 8 << 20
"""Lists, answers and knowledge; a list of 100,000 words has about 1 MiB."""
MAX_WORDS = 200_000
MAX_PACKS = 32


class Tree(Protocol):
    """The policies folder, wherever it is stored. Paths are relative, with forward slashes."""

    def read(self, path: str) -> bytes | None:
        """Content of a file, None if it does not exist."""
        ...


@dataclass(frozen=True, slots=True)
class DictTree:
    """Files in memory: a stored version, or drafts over another tree."""

    files: Mapping[str, bytes]
    below: Tree | None = None

    def read(self, path: str) -> bytes | None:
        if path in self.files:
            return self.files[path]
        return self.below.read(path) if self.below else None


@dataclass(frozen=True, slots=True)
class Bundle:
    """Packs in order of precedence (bases first) and every file that was read."""

    names: tuple[str, ...]
    packs: tuple[Pack, ...]
    files: Mapping[str, bytes] = field(repr=False)
    problems: tuple[Problem, ...] = ()

    @property
    def name(self) -> str:
        return "+".join(self.names)

    @property
    def digest(self) -> str:
        return digest_of(self.names, self.files)

    @property
    def kind_titles(self) -> dict[str, Bilingual]:
        """What its lists and detectors are called, by kind."""
        return {kind: title for kind, title in self._titled() if title}

    def _titled(self) -> Iterator[tuple[str, Bilingual | None]]:
        """What one rule alone looks for, and no file keeps, is called as the rule; a category as
        it describes itself."""
        rules = {r.id: r for pack in self.packs for r in pack.rules if isinstance(r, Rule)}
        users = Counter(kind for rule in rules.values() for kind in rule.detect.any)
        by = {k: r.title for r in rules.values() for k in r.detect.any if users[k] == 1}
        for pack in self.packs:
            for name, words in pack.lists.items():
                kind = f"list.{name}"
                yield kind, words.title or (None if words.file else by.get(kind))
            for name, spec in pack.detectors.items():
                kind = f"{'pattern' if spec.regex else 'category'}.{name}"
                yield kind, by.get(kind) or (spec.category.describe if spec.category else None)

    def text(self, path: str) -> str:
        """Text of a file of this bundle; empty if it is missing (which is reported as a
        problem)."""
        return self.files.get(path, b"").decode("utf-8-sig", "replace").replace("\r\n", "\n")

    def words(self, path: str) -> tuple[str, ...]:
        """Words of a list file: one per line, `#` starts a comment line."""
        lines = (line.strip() for line in self.text(path).split("\n"))
        return tuple(line for line in lines if line and not line.startswith("#"))


def digest_of(names: Iterable[str], files: Mapping[str, bytes]) -> str:
    """SHA-256 over the canonical JSON of names and file digests."""
    shape = {
        "format": 1,
        "packs": list(names),
        "files": {path: hashlib.sha256(files[path]).hexdigest() for path in sorted(files)},
    }
    canonical = json.dumps(shape, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def pack_path(name: str) -> str:
    return f"packs/{name}.yaml"


@lru_cache(maxsize=64)
def load_text(content: bytes, file: str) -> tuple[Pack | None, tuple[Problem, ...]]:
    """One pack file: its content, or None, and everything that is wrong with its form. The same
    packs are read for every page of the console, so the result is cached and must not be
    modified."""
    node, problems = read(content, file)
    if node is None:
        return None, tuple(problems)
    decoder = Decoder()
    pack = decoder.decode(node, Pack, "")
    found = tuple(sorted(problems + decoder.problems, key=lambda p: p.at))
    return (None if pack is MISSING_VALUE else pack), found


def load_bundle(tree: Tree, names: Iterable[str]) -> Bundle:
    """Packs by name, the packs they extend, and the files they refer to."""
    loader = _Loader(tree)
    wanted = tuple(names)
    for name in wanted:
        loader.pack(name, Mark(pack_path(name)), ())
    for pack in tuple(loader.packs.values()):
        loader.references(pack)
    return Bundle(wanted, tuple(loader.packs.values()), loader.files, tuple(loader.problems))


class _Loader:
    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.files: dict[str, bytes] = {}
        self.packs: dict[str, Pack] = {}
        self.problems: list[Problem] = []
        self.seen: set[str] = set()

    def pack(self, name: str, at: Mark, above: tuple[str, ...]) -> None:
        if name in above or len(above) >= MAX_PACKS:
            self.problems.append(problem("extends-cycle", at, name=name))
            return
        if name in self.seen:
            return
        self.seen.add(name)
        pack = self._parse(name, at)
        if pack is None:
            return
        for base in pack.extends:
            self.pack(base, place(base, at), (*above, name))
        self.packs[name] = pack

    def _parse(self, name: str, at: Mark) -> Pack | None:
        path = pack_path(name)
        content = self._read(path, at)
        if content is None:
            return None
        pack, problems = load_text(content, path)
        self.problems += problems
        if pack and pack.pack != name:
            self.problems.append(problem("pack-name", pack.mark("pack"), name=path, want=name))
        return pack

    def _read(self, path: str, at: Mark) -> bytes | None:
        if path not in self.files:
            content = self.tree.read(path)
            if content is None:
                self.problems.append(problem("missing-file", at, name=path))
                return None
            self.files[path] = content
        return self.files[path]

    def references(self, pack: Pack) -> None:
        for path, at in _references(pack):
            content = self._read(path, at)
            if content is not None:
                self.problems += _text_problems(path, content)
        for name, spec in pack.lists.items():
            if bool(spec.file) == bool(spec.words):
                self.problems.append(problem("file-and-words", spec.at, name=name))
            elif spec.file in self.files:
                self._count(name, spec.file)

    def _count(self, name: str, path: str) -> None:
        count = len(Bundle((), (), self.files).words(path))
        if not count:
            self.problems.append(problem("empty-list", Mark(path), name=name))
        if count > MAX_WORDS:
            self.problems.append(
                problem("list-too-long", Mark(path), name=name, count=count, limit=MAX_WORDS)
            )


def _text_problems(path: str, content: bytes) -> Iterator[Problem]:
    if len(content) > MAX_TEXT_BYTES:
        yield problem("file-too-large", Mark(path), size=len(content), limit=MAX_TEXT_BYTES)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield problem("not-utf8", Mark(path), byte=error.start)
        return
    if path.endswith(".json"):
        yield from _json_problems(path, text)


def _json_problems(path: str, text: str) -> Iterator[Problem]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        yield problem("not-json", Mark(path), name=path)


def _references(pack: Pack) -> Iterator[tuple[str, Mark]]:
    """Every file that a pack refers to, with the place that names it."""
    for spec in pack.lists.values():
        if spec.file:
            yield spec.file, place(spec.file)
    for base in pack.knowledge.values():
        yield from ((path, place(path)) for path in base.files)
    for rule in pack.rules:
        match rule:
            case ConstraintRule():
                yield from _constraint_files(rule)
            case Rule() if rule.then.answer:
                use = rule.then.answer.use
                yield from ((path, place(use)) for path in answer_paths(use))


def _constraint_files(rule: ConstraintRule) -> Iterator[tuple[str, Mark]]:
    if text := rule.then.constitution:
        yield text.file, place(text.file)
    form = rule.then.response_format
    if form and form.json_schema:
        yield form.json_schema, place(form.json_schema)


def answer_paths(use: str) -> tuple[str, str]:
    return f"answers/{use}.zh.md", f"answers/{use}.en.md"
