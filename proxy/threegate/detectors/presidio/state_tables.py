"""Patterns of bounded length as a table of states, run over many places of a long text at once.

A pattern that looks at one place after the other takes a microsecond for each, and hostile text is
nothing but places. The table leaves out no place at which a pattern matches: edges and what a
pattern looks at around itself are left out of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from threegate.detectors.custom.pattern_parts import parsed
from threegate.detectors.engine.character_arrays import Ints, Mask

SYMBOLS = 256
"""Characters as a table knows them: those of ASCII, and others, many of which share one."""
_CATEGORIES = {
    "CATEGORY_DIGIT": "0123456789",
    "CATEGORY_SPACE": " \t\n\r\f\v",
    "CATEGORY_WORD": "0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZ",
}
_AROUND = {"AT", "ASSERT", "ASSERT_NOT"}

LONGEST = 32
"""More letters and digits than a run of them has with which an identifier begins."""

Kinds = frozenset[int]
Runs = NDArray[np.int16]


def symbols(text: str) -> NDArray[np.uint8]:
    """Of every character, and at last one that no pattern has."""
    if text.isascii():
        return np.frombuffer(text.encode() + b"\0", np.uint8)
    codes = np.frombuffer((text + "\0").encode("utf-32-le", "surrogatepass"), np.uint32)
    return np.where(codes < 128, codes, codes & 127 | 128).astype(np.uint8)


def symbol(char: str) -> int:
    return ord(char) if char.isascii() else ord(char) & 127 | 128


def table_of(chars: str) -> Mask:
    """By symbol whether one of `chars` may be meant."""
    table = np.zeros(SYMBOLS, np.bool_)
    table[[symbol(c) for c in chars]] = True
    return table


DIGITS = table_of("0123456789")
SOLID = DIGITS | table_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
"""What an identifier has without what groups it."""


class Ends(NamedTuple):
    """Where patterns may end: of which place, how many characters behind it, how many of these are
    `SOLID`."""

    place: Ints
    size: Ints
    solid: Ints


class _Run(NamedTuple):
    size: int
    digits: int
    first: bool
    """Is a digit."""


def run_kind(size: Any, digits: Any, first: Any) -> Runs:
    """Of a run of letters and digits as a number: its size, how many are digits, and whether the
    first one is. Of one that is too long for an identifier 0."""
    kind = np.minimum(size, LONGEST) * 2 * LONGEST + np.minimum(digits, LONGEST - 1) * 2 + first
    return np.where(np.asarray(size) < LONGEST, kind, 0).astype(np.int16)


def _stepped(table: Ints, run: _Run, states: set[int]) -> Iterator[tuple[_Run, set[int]]]:
    """One more letter, one more digit."""
    rows = table[sorted(states)]
    for is_digit, of in ((False, SOLID & ~DIGITS), (True, DIGITS)):
        to = set(rows[:, of].ravel().tolist()) - {0}
        first = run.first if run.size else is_digit
        yield _Run(run.size + 1, run.digits + is_digit, first), to


class States:
    def __init__(self, patterns: Iterable[str]) -> None:
        """In any case."""
        graph = _Graph()
        for pattern in patterns:
            graph.add(pattern)
        rows, final = _determined(graph)
        self._next = np.array(rows, np.intp).ravel() * SYMBOLS
        self._final = np.repeat(final, SYMBOLS)

    def begins(self) -> Mask:
        """By symbol whether one may come first."""
        begins: Mask = self._next[SYMBOLS : 2 * SYMBOLS] > 0
        return begins

    def runs(self) -> Runs:
        """With how many `SOLID` characters and no more the patterns may begin: which of them are
        digits decides as `run_kind` says."""
        table = self._next.reshape(-1, SYMBOLS) // SYMBOLS
        goes_on = self._final[::SYMBOLS] | table[:, ~SOLID].any(1)
        kinds: list[int] = []
        level = {_Run(0, 0, False): {1}}
        while level:
            following: dict[_Run, set[int]] = {}
            for run, states in level.items():
                for more, to in _stepped(table, run, states):
                    following.setdefault(more, set()).update(to)
            level = {run: states for run, states in following.items() if states}
            kinds += [int(run_kind(*run)) for run, to in level.items() if goes_on[list(to)].any()]
        return np.array(sorted(kinds), np.int16)

    def ends(self, text: NDArray[np.uint8], places: Ints) -> Ends:
        """`text` as `symbols`."""
        found: list[tuple[Ints, Ints, Ints]] = []
        which, at, size = np.arange(len(places)), places.copy(), 0
        state, solid = np.full(len(at), SYMBOLS, np.intp), np.zeros(len(at), np.int64)
        while len(at):
            seen = text.take(at)
            state = self._next.take(state + seen)
            solid += SOLID.take(seen)
            at += 1
            size += 1
            going = np.flatnonzero(state)
            if len(going) < len(at):
                which, at, state, solid = (a.take(going) for a in (which, at, state, solid))
            done = np.flatnonzero(self._final.take(state))
            found.append((which[done], np.full(len(done), size), solid[done]))
        return Ends(*map(np.concatenate, zip(*found, strict=True))) if found else _NONE


_NONE = Ends(*(np.zeros(0, np.int64) for _ in range(3)))


class _Graph:
    """Nodes and what leads from one to another: symbols, or nothing."""

    def __init__(self) -> None:
        self.steps: list[list[tuple[Kinds, int]]] = [[]]
        self.free: list[list[int]] = [[]]
        self.last: set[int] = set()
        self._groups: dict[int, Any] = {}

    def add(self, pattern: str) -> None:
        self.last.add(self._all(parsed(pattern.replace("(?i)", "")), 0))

    def reached(self, nodes: Iterable[int]) -> frozenset[int]:
        """These, and all to which nothing leads from them."""
        seen, waiting = set(nodes), list(nodes)
        while waiting:
            more = [n for n in self.free[waiting.pop()] if n not in seen]
            seen.update(more)
            waiting += more
        return frozenset(seen)

    def _node(self) -> int:
        self.steps.append([])
        self.free.append([])
        return len(self.steps) - 1

    def _all(self, parts: Any, at: int) -> int:
        for op, found in parts:
            at = self._one(str(op), found, at)
        return at

    def _one(self, op: str, found: Any, at: int) -> int:
        if op in _AROUND:
            return at
        if op == "SUBPATTERN":
            self._groups[found[0]] = found[3]
            return self._all(found[3], at)
        if op == "GROUPREF":
            return self._all(self._groups[found], at)
        if op == "BRANCH":
            return self._joined([self._all(part, at) for part in found[1]])
        if op == "MAX_REPEAT":
            return self._repeated(int(found[0]), int(found[1]), found[2], at)
        end = self._node()
        self.steps[at].append((_kinds(op, found), end))
        return end

    def _repeated(self, least: int, most: int, part: Any, at: int) -> int:
        ends = [at]
        for _ in range(most):
            ends.append(self._all(part, ends[-1]))
        return self._joined(ends[least:])

    def _joined(self, ends: Iterable[int]) -> int:
        node = self._node()
        for end in ends:
            self.free[end].append(node)
        return node


def _kinds(op: str, found: Any) -> Kinds:
    if op == "LITERAL":
        return _cased(chr(found))
    if op != "IN":
        raise ValueError(op)
    return frozenset().union(*(_member(str(kind), what) for kind, what in found))


def _member(kind: str, what: Any) -> Kinds:
    if kind == "CATEGORY":
        chars = _CATEGORIES[str(what)]
    else:
        chars = "".join(map(chr, range(what[0], what[1] + 1))) if kind == "RANGE" else chr(what)
    return frozenset().union(*map(_cased, chars))


def _cased(char: str) -> Kinds:
    return frozenset(map(symbol, (char, *char.lower(), *char.upper())))


def _determined(graph: _Graph) -> tuple[list[list[int]], list[bool]]:
    """By state what follows each symbol, and whether it may be the last one. 0 is none, 1 first."""
    sets = [frozenset[int](), graph.reached([0])]
    known, rows = {nodes: number for number, nodes in enumerate(sets)}, []
    for nodes in sets:
        row = [0] * SYMBOLS
        for kind, following in _moves(graph, nodes).items():
            if following not in known:
                known[following] = len(sets)
                sets.append(following)
            row[kind] = known[following]
        rows.append(row)
    return rows, [bool(nodes & graph.last) for nodes in sets]


def _moves(graph: _Graph, nodes: Iterable[int]) -> Mapping[int, frozenset[int]]:
    """By symbol the nodes to which it leads."""
    reached: dict[int, set[int]] = {}
    for node in nodes:
        for kinds, end in graph.steps[node]:
            for kind in kinds:
                reached.setdefault(kind, set()).add(end)
    return {kind: graph.reached(ends) for kind, ends in reached.items()}
