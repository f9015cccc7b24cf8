"""Which recognizers can find something in a text: one pass of one automaton, then a look at each
trigger that counts.

A trigger that counts the characters of a number has a state for every way in which the number may
go on. Several of them in one automaton multiply: each new number in a text made hundreds of new
states, 2 to 4 ms for 2,000 characters with eight values. Alone such a trigger needs a handful (5 µs
for the same text), so the common automaton holds its gate in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import re2

from threegate.detectors.recognizer import Recognizer
from threegate.detectors.surroundings import View


class Triggers:
    def __init__(self, recognizers: Sequence[Recognizer]) -> None:
        self._recognizers = recognizers
        self._behind: dict[str, list[int]] = {}
        for i, recognizer in enumerate(recognizers):
            self._behind.setdefault(recognizer.gate or recognizer.trigger, []).append(i)
        self._common, self._members = _set(self._behind), list(self._behind.values())
        self._alone = {i: _set([r.trigger]) for i, r in enumerate(recognizers) if r.gate}

    def pulled(self, view: View) -> list[Recognizer]:
        """In the order in which they were given."""
        found = self._common.Match(view.data) or ()
        near = sorted(i for n in found for i in self._members[n])
        return [
            self._recognizers[i]
            for i in near
            if i not in self._alone or self._alone[i].Match(view.data)
        ]


def _set(patterns: Sequence[str] | dict[str, list[int]]) -> Any:
    made = re2.Set.SearchSet()
    for pattern in patterns:
        made.Add(pattern)
    made.Compile()
    return made
