"""Which recognizers can find something in a text: one pass of RE2 for each group of triggers.

The states of independent patterns multiply in one automaton: with all triggers in one, each new
number or key of a text created hundreds of states, 2 to 20 ms for 2,000 characters. So words are in
one automaton, other patterns in another, and each trigger that counts characters has its own; a
pass then takes 5 µs for such a text, whatever it contains. Recognizers of numbers share one
trigger, which the number index evaluates (`number_index.NUMBER`). Words, whose states add up, are
in one automaton for all rules; other triggers of rules that only match long tokens are tried only
if the text has a long token.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import re2

from threegate.detectors.engine import token_runs
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.number_index import NUMBER
from threegate.detectors.engine.recognizer import Recognizer
from threegate.normalize.re2_spans import Matching, matching

_WORDS = re.compile(r"(?:\(\?i\))?(?:\\.|[^\\\[\]{}*+?().^$])*", re.DOTALL)
_COUNTS = re.compile(r"\{\d*,?(?:[5-9]|\d\d+)\}")


class Prefilter:
    def __init__(self, recognizers: Sequence[Recognizer]) -> None:
        self._recognizers = recognizers
        self._numbers = [i for i, r in enumerate(recognizers) if r.trigger == NUMBER]
        self._groups = _groups(recognizers, in_tokens=False)
        self._tokens = _groups(recognizers, in_tokens=True)

    def triggered(self, view: ScanText) -> list[Recognizer]:
        """The recognizers that may find something in `view`, in their original order."""
        found = set(self._numbers if view.numbers.dense else ())
        with_tokens = view.longest_token >= token_runs.LEAST
        for matched, members in (*self._groups, *self._tokens) if with_tokens else self._groups:
            for n in matched(view.data):
                found.update(members[n])
        return [self._recognizers[i] for i in sorted(found)]


Group = tuple[Matching, tuple[list[int], ...]]
"""An RE2 set, and the indexes of the recognizers of each of its patterns."""


def _groups(recognizers: Sequence[Recognizer], *, in_tokens: bool) -> list[Group]:
    groups: dict[str, dict[str, list[int]]] = {}
    for i, recognizer in enumerate(recognizers):
        name = _group(recognizer.trigger)
        waits = name != "words" and bool(recognizer.token)
        if recognizer.trigger != NUMBER and waits is in_tokens:
            group = groups.setdefault(name, {})
            group.setdefault(recognizer.trigger, []).append(i)
    return [(_set(group), tuple(group.values())) for group in groups.values()]


def _group(trigger: str) -> str:
    if _WORDS.fullmatch(trigger):
        return "words"
    return trigger if _COUNTS.search(trigger) else "shapes"


def _set(patterns: dict[str, list[int]]) -> Matching:
    made = re2.Set.SearchSet()
    for pattern in patterns:
        made.Add(pattern)
    made.Compile()
    return matching(made)
