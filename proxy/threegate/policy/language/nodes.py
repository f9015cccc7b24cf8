"""Strict YAML: bytes to nodes with positions, refusing everything that a reader could misread.

Refused: duplicate keys, anchors, aliases, merge keys, tags, several documents, other encodings than
UTF-8, files over 1 MiB, more than 32 levels, more than 60,000 values. Scalars keep their text;
`decode` gives them the type that the schema expects, so nothing depends on YAML 1.1 guessing. The
reader walks events with its own stack: depth needs no recursion, and an alias bomb fails at its
first alias.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from threegate.i18n.yaml import translated
from threegate.policy.language.problems import Mark, Problem, problem
from threegate.types import Bilingual

MAX_FILE_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_NODES = 60_000
MAX_PROBLEMS = 200
"""The most problems reported for one file: nobody reads more, and a hostile file must not fill the
memory."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml if the wheel includes it (all on PyPI do); ten times faster, same events."""
_RESOLVERS: dict[str, list[tuple[str, Any]]] = yaml.SafeLoader.yaml_implicit_resolvers


@dataclass(frozen=True, slots=True)
class Scalar:
    at: Mark
    value: str = field(repr=False)
    plain: bool = True

    @property
    def yaml_type(self) -> str:
        """The type that YAML 1.1 would give it: str, bool, int, float, null, timestamp …"""
        return _yaml_type(self.value) if self.plain else "str"


@dataclass(slots=True)
class Sequence:
    at: Mark
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Mapping:
    """`pairs` keeps the first value of a duplicate key; marks are those of the keys."""

    at: Mark
    pairs: dict[str, tuple[Mark, Node]] = field(default_factory=dict)


Node = Scalar | Sequence | Mapping


def _yaml_type(value: str) -> str:
    candidates = _RESOLVERS.get(value[:1], []) + _RESOLVERS.get("", [])
    tag = next((t for t, regexp in candidates if regexp.match(value)), "tag:yaml.org,2002:str")
    return tag.rpartition(":")[2]


def read(content: bytes, file: str) -> tuple[Node | None, list[Problem]]:
    """Node tree of one file, or None, and every problem found on the way."""
    if len(content) > MAX_FILE_BYTES:
        size = problem("file-too-large", Mark(file), size=len(content), limit=MAX_FILE_BYTES)
        return None, [size]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return None, [problem("not-utf8", Mark(file), byte=error.start)]
    return _Reader(file).run(text)


class _Stop(Exception):
    """Raised if the rest of the file cannot be read."""


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.root: Node | None = None
        self.stack: list[Sequence | Mapping] = []
        self.keys: list[tuple[str, Mark] | None] = []
        self.nodes = 0
        self.documents = 0

    def run(self, text: str) -> tuple[Node | None, list[Problem]]:
        try:
            for event in self._events(text):
                self._take(event)
        except _Stop:
            return None, self.problems
        if self.root is None and not self.problems:
            self.problems.append(problem("empty-document", Mark(self.file)))
        return self.root, self.problems

    def _events(self, text: str) -> Iterator[Any]:
        try:
            yield from yaml.parse(text, Loader=_LOADER)
        except yaml.MarkedYAMLError as error:
            self._stop(self._complaint(error, text))
        except yaml.reader.ReaderError as error:
            at = _position(self.file, text, _index(text, error))
            self._stop(_syntax(at, translated(error.reason)))
        except RecursionError:
            self._stop(problem("too-deep", Mark(self.file), limit=MAX_DEPTH))

    def _complaint(self, error: yaml.MarkedYAMLError, text: str) -> Problem:
        context, began = error.context or "", error.context_mark
        mark = error.problem_mark or began
        if mark is None:
            return _syntax(Mark(self.file), translated(error.problem or "?", context))
        line = began.line + 1 if began and began.line != mark.line else 0
        character = text[mark.index : mark.index + 1]
        near = "\n".join(text.split("\n")[max(0, mark.line - 1) : mark.line + 1])
        words = translated(error.problem or "?", context, character, line, near)
        return _syntax(self._mark(mark), words)

    def _stop(self, why: Problem) -> None:
        self.problems.append(why)
        raise _Stop

    def _mark(self, mark: Any) -> Mark:
        return Mark(self.file, mark.line + 1, mark.column + 1)

    def _take(self, event: Any) -> None:
        if len(self.problems) >= MAX_PROBLEMS:
            raise _Stop
        match event:
            case yaml.DocumentStartEvent():
                self._document(event)
            case yaml.AliasEvent():
                at = self._mark(event.start_mark)
                self.problems.append(problem("alias", at, name=event.anchor))
                self._add(Scalar(at, "", plain=False))
            case yaml.ScalarEvent():
                self._check(event)
                self._add(Scalar(self._mark(event.start_mark), event.value, _is_plain(event)))
            case yaml.SequenceStartEvent():
                self._open(event, Sequence(self._mark(event.start_mark)))
            case yaml.MappingStartEvent():
                self._open(event, Mapping(self._mark(event.start_mark)))
            case yaml.CollectionEndEvent():
                self.stack.pop()
                self.keys.pop()

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self._stop(problem("several-documents", self._mark(event.start_mark)))

    def _check(self, event: Any) -> None:
        at = self._mark(event.start_mark)
        if event.anchor:
            self.problems.append(problem("anchor", at, name=event.anchor))
        if event.tag:
            self.problems.append(problem("tag", at, name=event.tag))

    def _open(self, event: Any, node: Sequence | Mapping) -> None:
        self._check(event)
        self._add(node)
        if len(self.stack) >= MAX_DEPTH:
            self._stop(problem("too-deep", node.at, limit=MAX_DEPTH))
        self.stack.append(node)
        self.keys.append(None)

    def _add(self, node: Node) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._stop(problem("too-many-nodes", node.at, limit=MAX_NODES))
        if not self.stack:
            self.root = node
        elif isinstance(parent := self.stack[-1], Sequence):
            parent.items.append(node)
        elif (key := self.keys[-1]) is None:
            self.keys[-1] = self._key(node)
        else:
            self.keys[-1] = None
            self._pair(parent, key, node)

    def _key(self, node: Node) -> tuple[str, Mark]:
        if not isinstance(node, Scalar):
            self.problems.append(problem("key-not-text", node.at))
            return "", node.at
        if node.plain and node.value == "<<":
            self.problems.append(problem("merge-key", node.at))
        elif node.yaml_type != "str":
            self.problems.append(problem("key-not-text", node.at))
        return node.value, node.at

    def _pair(self, parent: Mapping, key: tuple[str, Mark], node: Node) -> None:
        name, at = key
        if name in parent.pairs:
            line = parent.pairs[name][0].line
            self.problems.append(problem("duplicate-key", at, name=name, line=line))
        elif name != "<<":
            parent.pairs[name] = (at, node)


def _syntax(at: Mark, words: Bilingual) -> Problem:
    return problem("yaml-syntax", at, zh_detail=words.zh, en_detail=words.en)


def _is_plain(event: Any) -> bool:
    return event.style in (None, "")


def _index(text: str, error: yaml.reader.ReaderError) -> int:
    """Position of a character that YAML does not allow; libyaml counts bytes, PyYAML characters."""
    if error.encoding == "unicode":
        return int(error.position)
    return len(text.encode()[: error.position].decode(errors="ignore"))


def _position(file: str, text: str, index: int) -> Mark:
    before = text[:index]
    line = before.count("\n")
    return Mark(file, line + 1, index - (before.rfind("\n") + 1) + 1)
