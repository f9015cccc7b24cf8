"""The fact check: is a claim supported by its sources, contradicted, or not in them?

A passage is one sentence of an answer. The grounding model reads it against the best sentences of
the sources, once as many as fit and once the very best with its neighbours. Three signals decide:

1. the model: support counts from either reading, a contradiction only from the one that holds the
   best match; a claim that depends on the sentence before it ("It costs …") is located by both and
   must be supported both by itself and together with it; one that answers the question is read
   after the question; a claim that is longer than the model reads is judged part by part, and the
   worst counts;
2. words: a source sentence that begins with the claim supports it;
3. numbers: where a source sentence says the same as the claim with another number, date or unit,
   the claim is contradicted, whatever the model says. Having no source is a separate outcome and
   never a pass. `note` is `source id:start-end` of the best match.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from threegate_classifiers.cache import OWNER
from threegate_classifiers.manifest import Task
from threegate_classifiers.results import Entailment
from threegate_classifiers.runtime import Engine

from threegate.detectors.base import DetectorInfo
from threegate.detectors.models import quantities
from threegate.detectors.models.claim_units import lead_of, question_before, units
from threegate.detectors.models.common import Answer, judge_each
from threegate.detectors.models.evidence import Evidence, Index, terms, tokens
from threegate.guard.segments import carries_claim
from threegate.types import (
    CLAIM_CONTRADICTED,
    CLAIM_KINDS,
    CLAIM_NO_SOURCE,
    CLAIM_SUPPORTED,
    CLAIM_UNSUPPORTED,
    Bilingual,
    Finding,
    Level,
    Passage,
    Source,
    Span,
)

INDEXES = 32
"""Sets of sources whose sentence index is cached; one conversation uses one set."""

INLINE_CHARACTERS = 4_000
"""Code points above which sources are split and indexed in a thread; at this length it takes some
10 ms."""

SAME_STATEMENT, NEAR_COPY = 0.7, 0.8
"""Shares of the claim's words, numbers aside, that a source sentence must contain: to say "the
same", and to be so close that even a number from another sentence is wrong in it."""

MIN_QUOTE = 8
"""The fewest letters and digits of a claim for which a literal match in a source counts."""

_STRUCTURED = re.compile(r"[|{}\t]")


@dataclass(frozen=True, slots=True)
class _Verdict:
    kind: str
    score: float
    level: Level


@dataclass(frozen=True, slots=True)
class Readings:
    """The pairs for the model: every form of a claim with every text, the wide evidence first."""

    forms: tuple[str, ...]
    wide: Evidence
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    pair: tuple[str, str]
    found: Entailment


def _support(reading: _Reading) -> float:
    return reading.found.supported


def readings_of(passage: Passage, index: Index, room: int) -> Readings | None:
    """None without sources. `room` are the tokens of a pair."""
    if not index.pieces:
        return None
    claim = passage.text.strip()
    lead = lead_of(claim, passage.before)
    asked = "" if lead else question_before(claim, passage.question)
    forms = (claim, f"{lead} {claim}") if lead else (f"{asked} {claim}".strip(),)
    wide = index.focus(forms[-1], int(0.95 * (room - min(tokens(claim), room // 3))))
    near = index.around(forms[-1])
    if wide is None or near is None:
        return None
    return Readings(forms, wide, tuple(dict.fromkeys((wide.text, near.text))))


class ClaimsDetector:
    """`model` names an `entail` model of the engine, `vectors` what ranks sentences by meaning."""

    def __init__(self, engine: Engine, model: str = "grounding", vectors: str = "evidence") -> None:
        self._engine, self._model = engine, model
        self._embed = engine.vectors(vectors).of
        self._room = engine.manifest(model, Task.ENTAIL).max_tokens - 4
        self._indexes: OrderedDict[tuple[str, tuple[Source, ...]], Index] = OrderedDict()
        self.info = DetectorInfo("claims", CLAIM_KINDS, Bilingual("事实核查", "fact check"))

    async def judge(self, passages: Sequence[Passage]) -> list[Answer]:
        return await judge_each(self.info.id, passages, self._judge)

    async def _judge(self, passage: Passage) -> tuple[Finding, ...]:
        text = passage.text.strip()
        if not carries_claim(text) or _is_table_head(text, passage.before):
            return ()
        if not passage.counted:
            return (await self.check(passage),)
        return tuple([await self._counting(passage, names) for names in passage.counted])

    async def _counting(self, passage: Passage, names: frozenset[str]) -> Finding:
        """The verdict of the fact checks that count these sources."""
        sources = tuple(source for source in passage.sources if source.names & names)
        return replace(await self.check(replace(passage, sources=sources)), counted=names)

    async def check(self, passage: Passage) -> Finding:
        """The verdict on a passage that is known to be a claim; for a long one, the worst verdict
        on its parts. Raises ClassifierError."""
        index = await self._index(passage.sources)
        text = passage.text
        parts = [
            replace(passage, text=text[s.start : s.end], before=passage.before + text[: s.start])
            for s in units(text, self._room // 3)
        ]
        found = [await self._judged(part, index) for part in parts]
        verdict, note = max(found, key=lambda each: _badness(each[0]))
        return self._finding(passage, verdict, note)

    async def _judged(self, passage: Passage, index: Index) -> tuple[_Verdict, str]:
        asked = readings_of(passage, index, self._room)
        if asked is None:
            return _Verdict(CLAIM_NO_SOURCE, 1.0, Level.HIGH), ""
        verdict = without_model(passage.text.strip(), asked.wide)
        if verdict is None:
            verdict = await self._by_model(asked)
        return verdict, _reference(passage.sources, asked.wide)

    async def _read(self, asked: Readings) -> list[_Reading]:
        """One reading per evidence: of several forms of the claim, the one with the least
        support."""
        pairs = [(text, form) for text in asked.texts for form in asked.forms]
        found = list(map(_Reading, pairs, await self._engine.entail(self._model, pairs)))
        forms = len(asked.forms)
        readings = (found[i : i + forms] for i in range(0, len(found), forms))
        return [min(reading, key=_support) for reading in readings]

    async def _by_model(self, asked: Readings) -> _Verdict:
        """Support from the reading that has most of it, which a second model may read again;
        contradiction from the wide one, which has the best match."""
        readings = await self._read(asked)
        best = max(readings, key=_support)
        support = await self._engine.reread(self._model, best.pair, best.found)
        return _combine(support if best is readings[0] else readings[0].found, support)

    def _finding(self, passage: Passage, verdict: _Verdict, note: str = "") -> Finding:
        text = passage.text
        start = len(text) - len(text.lstrip())
        span = Span(start, max(start, len(text.rstrip())))
        score = round(verdict.score, 4)
        return Finding(self.info.id, verdict.kind, span, score, verdict.level, passage.locus, note)

    async def _index(self, sources: tuple[Source, ...]) -> Index:
        key = (OWNER.get(), sources)
        known = self._indexes.get(key)
        if known is None:
            long = sum(len(source.text) for source in sources) > INLINE_CHARACTERS
            made = partial(Index, sources, self._embed)
            known = await asyncio.to_thread(made) if long else made()
            self._indexes[key] = known
        self._indexes.move_to_end(key)
        while len(self._indexes) > INDEXES:
            self._indexes.popitem(last=False)
        return known


def _is_table_head(text: str, before: str) -> bool:
    """Whether this is the header row of a Markdown table: names of columns, no number."""
    if text.count("|") < _HEAD_STROKES or not (text.startswith("|") and text.endswith("|")):
        return False
    above = before.rstrip(" ").removesuffix("\n").rpartition("\n")[2]
    return not above.lstrip().startswith("|") and not any(c.isdigit() for c in text)


_HEAD_STROKES = 3
"""For tables of two columns."""


def _badness(verdict: _Verdict) -> tuple[int, float]:
    sure = -verdict.score if verdict.kind == CLAIM_SUPPORTED else verdict.score
    return CLAIM_KINDS.index(verdict.kind), sure


def _combine(wide: Entailment, support: Entailment) -> _Verdict:
    if support.levels[0] >= Level.MEDIUM:
        return _Verdict(CLAIM_SUPPORTED, support.supported, Level(support.levels[0]))
    if wide.levels[1] and wide.contradicted >= wide.nei:
        return _Verdict(CLAIM_CONTRADICTED, wide.contradicted, Level(wide.levels[1]))
    level = Level.HIGH if support.levels[0] == 0 else Level.MEDIUM
    return _Verdict(CLAIM_UNSUPPORTED, 1 - support.supported, level)


def without_model(claim: str, evidence: Evidence) -> _Verdict | None:
    """What words and numbers decide without the model."""
    if _quoted(claim, evidence):
        return _Verdict(CLAIM_SUPPORTED, 0.95, Level.HIGH)
    if contradicts_by_number(claim, evidence):
        return _Verdict(CLAIM_CONTRADICTED, 0.9, Level.HIGH)
    return None


def _quoted(claim: str, evidence: Evidence) -> bool:
    """Whether the best sentence begins with the claim, punctuation aside: text before a quotation
    could reverse its meaning, text after it seldom does."""
    quoted, given = _letters(claim), _letters(evidence.best.text)
    return len(quoted) >= MIN_QUOTE and given.startswith(quoted)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def contradicts_by_number(claim: str, evidence: Evidence) -> bool:
    """Whether the best sentence says the same with another number. A number from another sentence
    could still be right, unless the claim is almost a copy of the best sentence."""
    best = evidence.best.text
    if _STRUCTURED.search(claim) or _STRUCTURED.search(best):
        return False  # a table row or JSON is not a statement to compare with
    shared = _shared(claim, best)
    if shared < SAME_STATEMENT:
        return False
    claimed, given = quantities.amounts(claim), quantities.amounts(best)
    known = given if shared >= NEAR_COPY else quantities.amounts(evidence.text)
    left_out = quantities.missing(given, claimed)
    wrong = quantities.missing(claimed, known)
    return any(quantities.alike(a, b) for a in wrong for b in left_out)


def _shared(claim: str, source: str) -> float:
    """Share of the claim's words, numbers aside, that occur in the source. A claim that only refers
    back ("It is …") has no content words and counts as the same."""
    pointing = _POINTING.match(claim)
    own = claim[pointing.end() :] if pointing else claim
    words = {term for term in terms(_without_amounts(own)) if not term[0].isdigit()}
    if not words:
        return float(pointing is not None)
    return len(words & set(terms(_without_amounts(source)))) / len(words)


_POINTING = re.compile(
    r"(?i)(?:it|this|that|they|these|those)(?:['’]s|\b)(?: (?:is|are|was|were)\b)?"
    r"|(?:它|这个?|那个?|該|该|其|此)(?:是|为|為)?"
)


def _without_amounts(text: str) -> str:
    for amount in reversed(quantities.amounts(text)):
        text = f"{text[: amount.span.start]} {text[amount.span.end :]}"
    return text


def _reference(sources: Sequence[Source], evidence: Evidence) -> str:
    best = evidence.best
    return f"{sources[best.source].id}:{best.span.start}-{best.span.end}"
