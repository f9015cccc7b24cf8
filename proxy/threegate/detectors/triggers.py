"""Which recognizers can find something in a text: one pass of one RE2 automaton.

No trigger in it counts characters. A counting one has a state for every way in which a number may
go on, and several of them multiply: each new number in a text made hundreds of new states, 2 to
4 ms for 2,000 characters with eight values. So number recognizers share one trigger, `NUMBER`,
which needs no more than a dozen, and look at its stretches themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import re2

from threegate.detectors.recognizer import Recognizer
from threegate.detectors.surroundings import View


class Triggers:
    def __init__(self, recognizers: Sequence[Recognizer]) -> None:
        self._recognizers = recognizers
        members: dict[str, list[int]] = {}
        for i, recognizer in enumerate(recognizers):
            members.setdefault(recognizer.trigger, []).append(i)
        self._members = tuple(members.values())
        self._set = re2.Set.SearchSet()
        for trigger in members:
            self._set.Add(trigger)
        self._set.Compile()

    def pulled(self, view: View) -> list[Recognizer]:
        """In the order in which they were given."""
        found = self._set.Match(view.data) or ()
        return [self._recognizers[i] for i in sorted(i for n in found for i in self._members[n])]
