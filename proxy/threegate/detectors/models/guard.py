"""The guard model as a detector: injection, hazards, offensive language, harmful compliance.

Which heads count depends on where the text occurs:

| channel | text judged | heads |
|---|---|---|
| system, user, assistant | the text | direct injection, hazard, offensive |
| user | each sentence of a short text (`prompt_sentences`) | direct injection, hazard |
| tool result | the text | indirect injection; direct only when it is sure |
| tool result | its sentences, if the text is surely an order (`borne_out`) | indirect injection |
| tool arguments | the text | hazard, offensive |
| content, reasoning | (question, text so far) | compliance, hazard |
| content, reasoning | the same behind the texts nearby | compliance, hazard |
| content, reasoning | the text alone | offensive |

The text of an answer is first read in blocks of sentences with a little context (`blocks`). If no
score of a block comes near a level, that is all. Otherwise each of its sentences is read alone, and
a sentence that is itself near a level is judged with the text before it (which finds harm spread
over sentences) and once more with the latest text of the other choices and the reasoning (which
finds harm spread over those). Offensive language is always read sentence by sentence, in a growing
text from the beginning of the sentence, because an insult among other words scores almost nothing.
Only kinds that a rule looks for are read. A third-party model takes part through the `kinds` of its
manifest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from threegate_classifiers.errors import ClassifierError
from threegate_classifiers.manifest import Task
from threegate_classifiers.results import Score, Scores
from threegate_classifiers.runtime import Engine
from threegate_classifiers.tokenize import Text

from threegate.detectors.base import DetectorInfo, overlapping
from threegate.detectors.models import borne_out, prompt_sentences
from threegate.detectors.models.common import Answer, judge_each
from threegate.detectors.models.sentence_blocks import blocks, gist, last, sentences_so_far
from threegate.types import Bilingual, Channel, Finding, Level, Passage, Span

DIRECT, INDIRECT = "injection.direct", "injection.indirect"
HAZARD, OFFENSIVE, COMPLIANCE = "hazard", "offensive", "compliance"

HAZARDS_NAMED = 3
"""The most categories reported for one text, the likeliest ones: they share the evidence for harm
of any kind."""

NEAR, NEAR_AMONG, NEAR_STEP = 2.5, 3.0, 3.0
"""Margins below the lowest level (in logits) within which a sentence by itself, one among others
(where it scores lower) and a step of a stream are read again with more context. Chosen on harmful
answers of unseen families, as they are and with one of their sentences put into an ordinary answer;
checked on others."""

BEFORE_BYTES, NEARBY_BYTES = 400, 200
"""How much of the text before a sentence, and in parallel texts, is read with it: about a hundred
tokens. With a long question a second window is needed; less text, so that one suffices, lost two of
520 answers with harm. English letters are one byte, Chinese characters three."""

_PROMPT = (DIRECT, HAZARD, OFFENSIVE)
_TOOL_RESULT = (INDIRECT, DIRECT)
_ARGUMENTS = (HAZARD, OFFENSIVE)
_ANSWER = (COMPLIANCE, HAZARD)
_ANSWERS = (Channel.CONTENT, Channel.REASONING)


Reading = tuple[Text, tuple[str, ...], int]
"""The text that the model reads, the heads that count, and the code points in it before the
passage; negative where it begins later."""
Read = tuple[tuple[str, ...], int, Scores]
"""The heads that count, the same code points, and the model's output."""


class _PendingScores(dict[tuple[Text, ...], asyncio.Future[list[Scores]]]):
    """Requests for passages that are judged together: equal texts are read once."""


class GuardDetector:
    """`model` names a `classify` model of the engine; `wanted` are the kinds or prefixes that rules
    look for, None for all."""

    def __init__(
        self, engine: Engine, model: str = "guard", wanted: frozenset[str] | None = None
    ) -> None:
        self._engine, self._model = engine, model
        manifest = engine.manifest(model, Task.CLASSIFY)
        self._kinds = {label: manifest.kind(label) for label in manifest.labels}
        kinds = tuple(k for k in self._kinds.values() if _head(k))
        self._counts = frozenset(kinds) if wanted is None else overlapping(wanted, kinds)
        counted = {label: kind for label, kind in self._kinds.items() if kind in self._counts}
        self._head_of = {label: _head(kind) for label, kind in counted.items()}
        self._heads = frozenset(self._head_of.values())
        self.info = DetectorInfo(model, kinds, Bilingual("守卫分类器", "guard classifier"))

    def wanting(self, kinds: frozenset[str]) -> GuardDetector:
        return GuardDetector(self._engine, self._model, kinds)

    @property
    def checks_prefixes(self) -> bool:
        return True

    async def clear(self, passages: Sequence[Passage]) -> list[bool]:
        pending = _PendingScores()
        quiet = (self._quiet([p], sentences_so_far(p), pending, NEAR_STEP) for p in passages)
        return list(await asyncio.gather(*quiet))

    async def judge(self, passages: Sequence[Passage]) -> list[Answer]:
        left = iter(await self._judge_all([p for p in passages if not p.clear]))
        return [() if p.clear else next(left) for p in passages]

    async def _judge_all(self, passages: Sequence[Passage]) -> list[Answer]:
        pending = _PendingScores()
        loud = await self._loud(blocks(passages), pending)
        loud = await self._loud([[p] for p in loud], pending)
        judge = partial(self._judge, pending=pending)
        answers = await judge_each(self.info.id, loud, judge)
        found = {id(p): answer for p, answer in zip(loud, answers, strict=True)}
        return [found.get(id(p), ()) for p in passages]

    async def _loud(
        self, read: Sequence[Sequence[Passage]], pending: _PendingScores
    ) -> list[Passage]:
        """The passages of blocks that score near a level."""
        near = (NEAR_AMONG if len(block) > 1 else NEAR for block in read)
        asked = zip(read, near, strict=True)
        quiet = await asyncio.gather(
            *(self._quiet(b, [p.text for p in b], pending, n) for b, n in asked)
        )
        return [p for block, q in zip(read, quiet, strict=True) if not q for p in block]

    async def _quiet(
        self, block: Sequence[Passage], alone: Sequence[str], pending: _PendingScores, near: float
    ) -> bool:
        """Whether one reading of a block, and one of each text that is read `alone`, settle all its
        sentences. If a reading fails, the block is read sentence by sentence and each failure is
        reported for its own sentence."""
        if block[0].locus.channel not in _ANSWERS:
            return False
        try:
            read = await self._read(_gists(block, alone), pending)
        except ClassifierError:
            return False
        scores = (s for heads, _, each in read for s in self._counted(each, heads))
        return all(score.below > near for score in scores)

    async def scores(self, passage: Passage) -> dict[str, float]:
        """The score of every kind that counts at this place, whatever its level; for curves.
        Raises ClassifierError."""
        return await self._scores_of(_parts(passage), _PendingScores())

    async def _scores_of(
        self, readings: Sequence[Reading], pending: _PendingScores
    ) -> dict[str, float]:
        scores: dict[str, float] = {}
        for heads, _, answer in await self._read(readings, pending):
            for score in self._counted(answer, heads):
                kind = self._kinds[score.label]
                scores[kind] = max(scores.get(kind, 0.0), score.score)
        return scores

    def _counted(self, scores: Scores, heads: tuple[str, ...]) -> list[Score]:
        """The scores that rules can use, given the heads that count."""
        head_of = self._head_of
        return [s for s in scores.items if head_of.get(s.label) in heads]

    async def _judge(self, passage: Passage, pending: _PendingScores) -> tuple[Finding, ...]:
        """One finding per kind: the surest of the readings."""
        read = await self._read(_parts(passage), pending)
        found = [f for h, skipped, s in read for f in self._findings(passage, s, h, skipped)]
        if passage.locus.channel is Channel.USER:
            found += await self._in_sentences(passage, read, pending)
        best: dict[str, Finding] = {}
        for finding in sorted(found, key=lambda f: (f.level, f.score)):
            best[finding.kind] = finding
        if passage.locus.channel is Channel.TOOL_RESULT:
            await self._bear_out(passage, best, pending)
        return tuple(best.values())

    async def _bear_out(
        self, passage: Passage, best: dict[str, Finding], pending: _PendingScores
    ) -> None:
        """A planted order that no sentences bear out is MEDIUM. If reading them fails, it stays."""
        sure = best.get(INDIRECT)
        if sure is None or sure.level < Level.HIGH:
            return
        is_order = partial(self._is_order, pending=pending)
        with suppress(ClassifierError):
            if not await borne_out.by_sentences(passage.text, is_order):
                best[INDIRECT] = replace(sure, level=Level.MEDIUM)

    async def _is_order(self, texts: Sequence[str], pending: _PendingScores) -> bool:
        read = await self._read([(Text(text), (INDIRECT,), 0) for text in texts], pending)
        scores = (score for heads, _, each in read for score in self._counted(each, heads))
        return any(score.level >= Level.MEDIUM for score in scores)

    async def _in_sentences(
        self, passage: Passage, read: Sequence[Read], pending: _PendingScores
    ) -> list[Finding]:
        """What the sentences of a prompt say alone."""
        if any(scores.language != prompt_sentences.LANGUAGE for _, _, scores in read):
            return []
        heads = prompt_sentences.heads_for(passage.text, self._by_head(read))
        spans = prompt_sentences.alone(passage.text) if heads else ()
        alone = [(Text(passage.text[s.start : s.end]), heads, -s.start) for s in spans]
        found: list[Finding] = []
        for span, (_, skipped, scores) in zip(spans, await self._read(alone, pending), strict=True):
            sentence = passage.text[span.start : span.end]
            items = [s for s in self._counted(scores, heads) if self._is_clear(sentence, s)]
            sure = Scores(scores.language, tuple(items))
            found += self._findings(passage, sure, heads, skipped)
        return [replace(f, level=Level.MEDIUM) for f in found]

    def _is_clear(self, sentence: str, score: Score) -> bool:
        return prompt_sentences.counts(sentence, self._head_of[score.label], score)

    def _by_head(self, read: Sequence[Read]) -> dict[str, list[Score]]:
        scores: dict[str, list[Score]] = {}
        for heads, _, answer in read:
            for score in self._counted(answer, heads):
                scores.setdefault(self._head_of[score.label], []).append(score)
        return scores

    async def _read(self, readings: Sequence[Reading], pending: _PendingScores) -> list[Read]:
        """The model's output for each reading that a rule can use."""
        useful = [r for r in readings if self._heads.intersection(r[1])]
        if not useful:
            return []
        texts = tuple(text for text, _, _ in useful)
        if texts not in pending:
            pending[texts] = asyncio.ensure_future(self._engine.classify(self._model, texts))
        scores = await pending[texts]
        return [(h, skipped, s) for (_, h, skipped), s in zip(useful, scores, strict=True)]

    def _findings(
        self, passage: Passage, scores: Scores, heads: tuple[str, ...], skipped: int
    ) -> Iterator[Finding]:
        named = self._likely_hazards(scores)
        for score in scores.items:
            kind = self._kinds[score.label]
            head = _head(kind)
            if head not in heads or (head == HAZARD and score not in named):
                continue
            if score.level >= _least(passage, kind):
                span = _span(passage, score, skipped)
                level, value = Level(score.level), round(score.score, 4)
                yield Finding(self.info.id, kind, span, value, level, passage.locus)

    def _likely_hazards(self, scores: Scores) -> list[Score]:
        hazards = [s for s in scores.items if _head(self._kinds[s.label]) == HAZARD]
        return sorted(hazards, key=lambda s: -s.score)[:HAZARDS_NAMED]


def _gists(block: Sequence[Passage], alone: Sequence[str]) -> list[Reading]:
    """The readings of a block of sentences; positions within it have no meaning."""
    question, text = gist(block)
    offensive: list[Reading] = [(Text(each), (OFFENSIVE,), 0) for each in dict.fromkeys(alone)]
    return [(_pair(question, text), _ANSWER, 0), *offensive]


def _parts(passage: Passage) -> list[Reading]:
    """The readings of one passage."""
    alone = Text(passage.text)
    match passage.locus.channel:
        case Channel.TOOL_RESULT:
            return [(alone, _TOOL_RESULT, 0)]
        case Channel.TOOL_ARGUMENTS:
            return [(alone, _ARGUMENTS, 0)]
        case Channel.CONTENT | Channel.REASONING:
            befores = [last(passage.before, BEFORE_BYTES)]
            if passage.nearby:
                nearby = last(passage.nearby, NEARBY_BYTES)
                befores.append(f"{nearby}\n{last(passage.before, BEFORE_BYTES - NEARBY_BYTES)}")
            scores = [(_pair(passage.question, b + passage.text), _ANSWER, len(b)) for b in befores]
            return [*scores, (alone, (OFFENSIVE,), 0)]
        case _:
            return [(alone, _PROMPT, 0)]


def _pair(question: str, answer: str) -> Text:
    return Text(question, answer) if question else Text(answer)


def _head(kind: str) -> str:
    """The head that a kind belongs to; empty for a foreign kind."""
    if kind in (DIRECT, INDIRECT, OFFENSIVE):
        return kind
    family = kind.split(".")[0]
    return family if family in (HAZARD, COMPLIANCE) else ""


def _least(passage: Passage, kind: str) -> Level:
    """An imperative in a tool result is seldom meant for the model, so direct injection must be
    certain there."""
    unsure = passage.locus.channel is Channel.TOOL_RESULT and kind == DIRECT
    return Level.HIGH if unsure else Level.LOW


def _span(passage: Passage, score: Score, skipped: int) -> Span:
    """The part of the window inside the passage; the whole passage if only the text before it
    fired."""
    start, end = max(0, score.start - skipped), score.end - skipped
    if end <= start:
        return Span(0, len(passage.text))
    return Span(start, min(end, len(passage.text)))
