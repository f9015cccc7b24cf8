"""Word lists that match by sound: 独品, `du pin` and 毒pin for 毒品.

A word of two syllables sounds like many other words: authors should list longer words or accept
false hits. Stable like `ListDetector`: a word is at most as long as the longest of its list.
"""

from __future__ import annotations

from collections.abc import Iterator

import ahocorasick

from threegate.detectors.base import DetectorInfo, Scanned, uncrossed
from threegate.normalize.phonetic import PhoneticText, phonetic
from threegate.policy.model import WordList
from threegate.types import Bilingual, Finding, Level, Passage, Span

MIN_LETTERS = 4
"""Shorter sounds occur in too many words."""


class PhoneticListDetector:
    def __init__(self, words: WordList) -> None:
        self.info = DetectorInfo(words.kind, (words.kind,), Bilingual(words.name, words.name))
        sounds = {
            h for w in words.words if len(h := phonetic(w).text) >= MIN_LETTERS and "|" not in h
        }
        self._longest = max(map(len, sounds), default=0)
        self._automaton = ahocorasick.Automaton()
        for word in sounds:
            self._automaton.add_word(word, len(word))
        if sounds:
            self._automaton.make_automaton()

    def scan(self, passage: Passage, *, final: bool = True) -> Scanned:
        length = len(passage.text)
        if not self._longest:
            return Scanned((), length)
        sounds = phonetic(passage.text)
        spans = list(self._spans(sounds))
        settled = uncrossed(length if final else self._settled(sounds, length), spans)
        found = tuple(
            Finding(self.info.id, self.info.kinds[0], s, 0.9, Level.HIGH, passage.locus, "sound")
            for s in spans
        )
        return Scanned(found, settled)

    def _settled(self, sounds: PhoneticText, length: int) -> int:
        """A word may still begin, or end in a Latin word that goes on, this far from the end."""
        first = len(sounds.text) - self._longest - 1
        return min((at for pos, at in sounds.starts.items() if pos >= first), default=length)

    def _spans(self, sounds: PhoneticText) -> Iterator[Span]:
        taken = 0
        for last, size in sorted(
            self._automaton.iter(sounds.text), key=lambda h: (h[0] - h[1], -h[1])
        ):
            start, end = sounds.starts.get(last + 1 - size), sounds.ends.get(last + 1)
            if start is not None and end is not None and start >= taken:
                taken = end
                yield Span(start, end)
