"""Presidio's national identifiers in our scanner, each only near its own label.

The pre-scan looks for the words of all labels. Then one RE2 set says which entities' labels occur,
and the patterns of these are tried near them (`national`). Presidio's engine is not used: it runs
every recognizer on every text, which takes 0.5 ms for 1,000 characters. `bench/detectors.py`
measures both.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import re2

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import Hit, Recognizer
from threegate.detectors.presidio.catalog import PREDEFINED, PatternRecognizer
from threegate.detectors.presidio.national import Entity
from threegate.detectors.presidio.patterns import repaired
from threegate.policy.language.recognizers import kind_of


class _National:
    """`find` over all national identifiers. `trigger` matches wherever one of the labels does."""

    def __init__(self, members: Sequence[PatternRecognizer]) -> None:
        self._entities = sorted(map(Entity, members), key=lambda entity: entity.name)
        by_name = {str(m.supported_entities[0]): m for m in members}
        self._labels = _set(_any_word(by_name[e.name].context) for e in self._entities)
        self.trigger = _plain_words(members)

    def find(self, view: ScanText) -> Iterator[Hit]:
        for i in sorted(self._labels.Match(view.data) or ()):
            yield from self._entities[i].find(view)


def _set(patterns: Iterable[str]) -> Any:
    made = re2.Set.SearchSet()
    for pattern in patterns:
        made.Add(pattern)
    made.Compile()
    return made


def _any_word(words: Sequence[str]) -> str:
    """RE2 for labels: English ones as whole words, `_` as a space."""
    plain = [re2.escape(w).replace("\\ ", "[ _]") for w in words if w.isascii()]
    other = [re2.escape(w) for w in words if not w.isascii()]
    edged = [f"(?:^|[^a-z])(?:{'|'.join(plain)})(?:[^a-z]|$)"] if plain else []
    return "(?i)" + "|".join([*edged, *other])


def _plain_words(members: Sequence[PatternRecognizer]) -> str:
    """Plain words, one of which occurs wherever `_any_word` matches; `prefilter` puts words into
    one automaton."""
    words = dict.fromkeys(w for m in members for w in m.context or ())
    written = [re2.escape(s) for w in words for s in dict.fromkeys((w, w.replace(" ", "_")))]
    return "(?i)" + "|".join(written)


def _national() -> Recognizer:
    gate = _National([repaired(c(supported_language="en")) for c in PREDEFINED])
    entities = dict.fromkeys(c().supported_entities[0] for c in PREDEFINED)
    return described(
        "presidio",
        tuple(map(kind_of, entities)),
        gate.find,
        (open_match.token, open_match.number, open_match.groups),
        trigger=gate.trigger,
    )


RECOGNIZER = _national()
