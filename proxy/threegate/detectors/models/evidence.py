"""Which part of the sources a claim should be checked against: sentences ranked by words and
meaning.

Words: BM25, Chinese by character pairs, everything else by words; numbers count as words. Meaning:
sentence vectors, which also find paraphrases and sentences in the other language. The chosen
sentences keep the order of the sources, so that a pronoun stays near what it refers to.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import bm25s
import numpy as np
from numpy.typing import NDArray
from threegate_classifiers.vectors import Matrix, nearness

from threegate.guard.segments import sentences
from threegate.types import Source, Span

logging.getLogger("bm25s").setLevel(logging.WARNING)  # otherwise it logs a line per index

Embed = Callable[[Sequence[str]], Matrix]
"""Maps each sentence to a vector."""

MEANING = 4.0
"""The weight of a cosine of 1, where the best sentence by words has 1 (docs/decisions/0012)."""

_PARTS = re.compile(r"[\u3400-\u9fff]+|[a-z]+(?:['’][a-z]+)?|\d+(?:[.,]\d+)*", re.IGNORECASE)
_PLURAL = re.compile(r"(?<=[a-z]{3})(?:es|s|ed|ing)$")
_CJK = re.compile("[\u3400-\u9fff]")


Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence of one source. `span` counts code points of that source."""

    source: int
    span: Span
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a claim is checked against. `best` is the piece that ranks first."""

    text: str = field(repr=False)
    best: Piece
    whole: bool


def terms(text: str) -> list[str]:
    """Units of overlap: words without endings, numbers, pairs of Chinese characters."""
    found: list[str] = []
    for part in _PARTS.findall(text.lower()):
        if part[0] >= "\u3400":
            found += [part[i : i + 2] for i in range(len(part) - 1)] or [part]
        else:
            found.append(_PLURAL.sub("", part.replace(",", "")))
    return found


def tokens(text: str) -> int:
    """Rough count of model tokens: 0.75 of a Chinese character, 0.28 of another."""
    cjk = 0 if text.isascii() else len(_CJK.findall(text))
    return int(cjk * 0.75 + (len(text) - cjk) * 0.28) + 1


class Index:
    """The sentences of some sources, ready to be ranked. Immutable."""

    def __init__(self, sources: Sequence[Source], embed: Embed | None) -> None:
        """Without `embed`, only words decide."""
        self.pieces = tuple(_pieces(sources))
        self._sizes = [tokens(piece.text) for piece in self.pieces]
        corpus = [terms(piece.text) for piece in self.pieces]
        self._ranker: Any = bm25s.BM25() if any(corpus) else None
        if self._ranker is not None:
            self._ranker.index(corpus, show_progress=False)
        self._embed = embed
        self._vectors = embed([piece.text for piece in self.pieces]) if embed else None

    def rank(self, claim: str) -> Scores:
        """A score per piece: its word score relative to the best one, plus its similarity in
        meaning."""
        words = self._by_words(claim)
        words /= max(words.max(initial=0), 1e-9)
        if self._embed is None or self._vectors is None:
            return words
        return words + MEANING * nearness(self._vectors, self._embed([claim])[0])

    def _by_words(self, claim: str) -> Scores:
        wanted = list(dict.fromkeys(terms(claim)))
        if self._ranker is None or not wanted:
            return np.zeros(len(self.pieces))
        return np.asarray(self._ranker.get_scores(wanted), np.float64)

    def focus(self, claim: str, room: int) -> Evidence | None:
        """The best sentences for `claim` that fit about `room` tokens; None without sources. If not
        all fit, only sentences from the source with the best one: sentences from many documents
        side by side can look like support for something that none of them says."""
        if not self.pieces:
            return None
        order = self._order(claim)
        own = [i for i in order if self.pieces[i].source == self.pieces[order[0]].source]
        kept = set(order) if sum(self._sizes) <= room else self._fill(own, room)
        return Evidence(self._join(kept), self.pieces[order[0]], len(kept) == len(self.pieces))

    def around(self, claim: str, reach: int = 1) -> Evidence | None:
        """The best sentence with `reach` neighbours of the same source on each side."""
        if not self.pieces:
            return None
        order = self._order(claim)
        best, last = order[0], len(self.pieces)
        near = range(max(0, best - reach), min(last, best + reach + 1))
        kept = {i for i in near if self.pieces[i].source == self.pieces[best].source}
        return Evidence(self._join(kept), self.pieces[best], len(kept) == len(self.pieces))

    def _order(self, claim: str) -> list[int]:
        return [int(i) for i in np.argsort(-self.rank(claim), kind="stable")]

    def _fill(self, order: Iterable[int], room: int) -> set[int]:
        kept: set[int] = set()
        used = 0
        for i in order:
            if kept and used + self._sizes[i] > room:
                continue
            kept.add(i)
            used += self._sizes[i]
            if used > 0.9 * room:
                break
        return kept

    def _join(self, kept: Iterable[int]) -> str:
        return " ".join(self.pieces[i].text for i in sorted(kept))


def _pieces(sources: Sequence[Source]) -> Iterable[Piece]:
    for number, source in enumerate(sources):
        for span in sentences(source.text):
            text = source.text[span.start : span.end]
            body = text.strip()
            if body:
                start = span.start + len(text) - len(text.lstrip())
                yield Piece(number, Span(start, start + len(body)), body)
