"""Ids, names and other protocol words of an answer, and strings in place of numbers. They are not
text but could hide a value, so they are checked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from threegate.detectors.detector_set import DetectorSet
from threegate.gateway.answer.answer_context import AnswerContext
from threegate.guard.client_text import NO_TEXT
from threegate.guard.output import OutputGuard
from threegate.guard.redact import TERMINAL, edited
from threegate.types import Channel, Layer, Passage, Ruling, TextLocation
from threegate.wire.adapter import Body
from threegate.wire.known_fields import NUMBERS, PROVIDER_WORDS
from threegate.wire.words import STRUCTURAL

_NAMES: Final = (STRUCTURAL | NUMBERS | PROVIDER_WORDS | {"provider"}) - {
    "signature",
    "encrypted_content",
}
_OTHERS: Final = frozenset(("input", "arguments"))
"""Arguments that the model wrote for a tool: texts, whatever their fields are called."""
_PLAIN: Final = re.compile(r"[A-Za-z_./ \-]{0,64}")
MAX_WORD: Final = 256
"""Code points; a longer string does not count as a word and is left out."""
MAX_CLEAN_WORDS: Final = 4096
"""Words of one answer that are remembered as checked."""


def words_of(value: Any, name: str = "", *, known: bool = False) -> Iterator[tuple[Any, Any, str]]:
    """The place of each word, as (object or array, name or index, word), except words of only
    letters. `known`: inside a field that providers fill with protocol words."""
    for key, below in _items(value):
        field = key if isinstance(key, str) else name
        if isinstance(below, str):
            if (known or field in _NAMES) and not _PLAIN.fullmatch(below):
                yield value, key, below
        elif isinstance(below, dict | list) and field not in _OTHERS:
            yield from words_of(below, field, known=known or field in PROVIDER_WORDS)


def _items(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, dict) else list(enumerate(value))


@dataclass(slots=True)
class WordChecks:
    """The words of one answer, checked with the patterns for content. Words found clean are
    remembered."""

    guard: OutputGuard
    detector_set: DetectorSet
    context: AnswerContext
    _clean: set[str] = field(default_factory=set, repr=False)

    def check(self, body: Body) -> list[Ruling] | None:
        """Removes from the words what patterns find in them, in place. Returns the rulings; None if
        no word was changed."""
        places = [place for place in words_of(body) if place[2] not in self._clean]
        new = list(dict.fromkeys(word for _, _, word in places))
        if not new:
            return None
        if not self._rulings("\n".join(new)) and max(map(len, new)) <= MAX_WORD:
            self._remember(new)
            return None
        ruled: list[Ruling] = []
        changed = [self._check_word(*place, ruled) for place in places]
        return ruled if any(changed) else None

    def _check_word(self, holder: Any, name: Any, word: str, ruled: list[Ruling]) -> bool:
        if len(word) > MAX_WORD:
            holder[name] = ""
            return True
        found = self._rulings(word)
        if not found:
            self._remember([word])
            return False
        ruled += found
        stops = any(stops_answer(r) for r in found)
        render = self.guard.renderer(Channel.CONTENT)
        holder[name] = "" if stops else edited(word, found, render)
        return True

    def _rulings(self, text: str) -> tuple[Ruling, ...]:
        guard = self.guard.channels[Channel.CONTENT]
        if not guard.plan.patterns:
            return ()
        locus = TextLocation(Layer.OUTPUT, Channel.CONTENT, part="/word", choice=0)
        passage = Passage(locus, text)
        scan = self.detector_set.patterns.scan(passage, guard.pattern_kinds, final=True)
        sent = self.context.sent if scan.findings else NO_TEXT
        return guard.judge_patterns(text, 0, scan.findings, scan.failures, sent).ruled

    def _remember(self, words: Sequence[str]) -> None:
        if len(self._clean) < MAX_CLEAN_WORDS:
            self._clean.update(words)


def stops_answer(ruled: Ruling) -> bool:
    return ruled.action in TERMINAL and not ruled.shadow
