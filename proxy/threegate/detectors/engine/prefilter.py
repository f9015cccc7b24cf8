"""Which recognizers can find something in a text: a pass of RE2 for each group of their triggers.

The states of independent patterns multiply in one automaton: with all triggers in one, each new
number or key of a text made hundreds of states, 2 to 20 ms for 2,000 characters. So words are in
one automaton, shapes in another, and a trigger that counts characters is alone; a pass takes 5 µs
for such a text whatever is in it. Recognizers of numbers share one trigger,
`number_index.NUMBER`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import re2

from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.recognizer import Recognizer

_WORDS = re.compile(r"(?:\(\?i\))?(?:\\.|[^\\\[\]{}*+?().^$])*", re.DOTALL)
_COUNTS = re.compile(r"\{\d*,?(?:[5-9]|\d\d+)\}")


class Prefilter:
    def __init__(self, recognizers: Sequence[Recognizer]) -> None:
        self._recognizers = recognizers
        groups: dict[str, dict[str, list[int]]] = {}
        for i, recognizer in enumerate(recognizers):
            group = groups.setdefault(_group(recognizer.trigger), {})
            group.setdefault(recognizer.trigger, []).append(i)
        self._groups = [(_set(group), tuple(group.values())) for group in groups.values()]

    def pulled(self, view: ScanText) -> list[Recognizer]:
        """In the order in which they were given."""
        found: set[int] = set()
        for one, members in self._groups:
            for n in one.Match(view.data) or ():
                found.update(members[n])
        return [self._recognizers[i] for i in sorted(found)]


def _group(trigger: str) -> str:
    if _WORDS.fullmatch(trigger):
        return "words"
    return trigger if _COUNTS.search(trigger) else "shapes"


def _set(patterns: dict[str, list[int]]) -> Any:
    made = re2.Set.SearchSet()
    for pattern in patterns:
        made.Add(pattern)
    made.Compile()
    return made
