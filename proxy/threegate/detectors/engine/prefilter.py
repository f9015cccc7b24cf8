"""Which recognizers can find something in a text: one pass of RE2 for each group of triggers.

The states of independent patterns multiply in one automaton: with all triggers in one, each new
number or key of a text created hundreds of states, 2 to 20 ms for 2,000 characters. So words are in
one automaton, other patterns in another, and each trigger that counts characters has its own; a
pass then takes 5 µs for such a text, whatever it contains. Recognizers of numbers share one
trigger, which the number index evaluates (`number_index.NUMBER`). Words, whose states add up, are
in one automaton for all rules; other triggers of rules that only match long tokens are tried only
if the text has a token as long as the shortest of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import re2

from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.number_index import NUMBER
from threegate.detectors.engine.recognizer import Recognizer
from threegate.normalize.re2_spans import Matching, matching

_WORDS = re.compile(r"(?:\(\?i\))?(?:\\.|[^\\\[\]{}*+?().^$])*", re.DOTALL)
_ALL_WORDS = "words"
_COUNTS = re.compile(r"\{\d*,?(?:[5-9]|\d\d+)\}")


class Prefilter:
    def __init__(self, recognizers: Sequence[Recognizer]) -> None:
        self._recognizers = recognizers
        self._numbers = [i for i, r in enumerate(recognizers) if r.trigger == NUMBER]
        self._groups = _groups(recognizers)
        self._tokens = _Tokens(recognizers)

    def triggered(self, view: ScanText) -> list[Recognizer]:
        """The recognizers that may find something in `view`, in their original order."""
        found = set(self._numbers if view.numbers.dense else ())
        longest, tokens = view.longest_token, self._tokens
        for token, matched, members in self._groups:
            if token <= longest:
                for n in matched(view.data):
                    found.update(members[n])
        return [self._recognizers[i] for i in sorted(found) if tokens[i] <= longest]


class _Tokens(dict[int, int]):
    """`Recognizer.token` by index; only few are ever needed."""

    def __init__(self, recognizers: Sequence[Recognizer]) -> None:
        self._recognizers = recognizers

    def __missing__(self, index: int) -> int:
        self[index] = token = self._recognizers[index].token
        return token


class _Group(NamedTuple):
    """An RE2 set, the indexes of the recognizers of each of its patterns, and the shortest token
    (`Recognizer.token`) of their matches."""

    token: int
    matched: Matching
    members: tuple[list[int], ...]


def _groups(recognizers: Sequence[Recognizer]) -> list[_Group]:
    """First those for texts without long tokens."""
    groups: dict[tuple[bool, str], dict[str, list[int]]] = {}
    for i, recognizer in enumerate(recognizers):
        if recognizer.trigger != NUMBER:
            name = _group(recognizer.trigger)
            waits = name != _ALL_WORDS and bool(recognizer.token)
            group = groups.setdefault((waits, name), {})
            group.setdefault(recognizer.trigger, []).append(i)
    return [
        _Group(
            min(recognizers[i].token for same in group.values() for i in same) if waits else 0,
            _set(group),
            tuple(group.values()),
        )
        for (waits, _), group in sorted(groups.items())
    ]


def _group(trigger: str) -> str:
    if _WORDS.fullmatch(trigger):
        return _ALL_WORDS
    return trigger if _COUNTS.search(trigger) else "shapes"


def _set(patterns: dict[str, list[int]]) -> Matching:
    made = re2.Set.SearchSet()
    for pattern in patterns:
        made.Add(pattern)
    made.Compile()
    return matching(made)
