"""Sentence detectors together, each under the shortest deadline of a rule that wants it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from threegate_classifiers.turns import CALL

from threegate.detectors.base import ChecksPrefixes, SentenceDetector, overlapping, wanting
from threegate.detectors.judged_texts import Judgement
from threegate.detectors.views import Viewed, mapped_back, merged, moved, second_reading, viewed
from threegate.types import Failed, Finding, Passage, Reason

log = logging.getLogger(__name__)

Deadlines = Mapping[str, int]
"""The kinds or prefixes that sentence detectors look for, and how long each may take: the shortest
deadline, in milliseconds, of a rule that wants it."""

Judging = tuple[tuple[SentenceDetector, int], ...]
Prefixes = tuple[tuple[ChecksPrefixes, int], ...]
"""Those that can judge a text as it grows."""


@dataclass(slots=True)
class SentenceJudging:
    detectors: tuple[SentenceDetector, ...] = ()
    _judging: dict[frozenset[tuple[str, int]], tuple[Judging, Prefixes]] = field(
        default_factory=dict, repr=False
    )

    async def judge(self, passages: Sequence[Passage], deadlines: Deadlines) -> list[Judgement]:
        """One answer per passage, in order. Disguised text is also read in its plain form."""
        return await self.judge_views([viewed(p) for p in passages], deadlines)

    async def judge_views(self, texts: Sequence[Viewed], deadlines: Deadlines) -> list[Judgement]:
        """The passages as they are, if readable, and in plain form where that differs."""
        again = [(i, view) for i, t in enumerate(texts) if (view := t.for_model())]
        first = [i for i, t in enumerate(texts) if not t.illegible()]
        passages = [texts[i].passage for i in first]
        extra = [second_reading(view, texts[i].passage) for i, view in again]
        judged = await self._judge([*passages, *extra], deadlines)
        out = [Judgement()] * len(texts)
        for i, judgement in zip(first, judged[: len(first)], strict=True):
            out[i] = judgement
        for (i, view), more in zip(again, judged[len(first) :], strict=True):
            back = mapped_back(view, more.findings, texts[i].passage)
            found = tuple(merged(out[i].findings, back))
            out[i] = Judgement(found, out[i].failures + more.failures)
        return out

    def checks_prefixes(self, kinds: frozenset[str]) -> bool:
        """Whether every detector of these kinds can judge a text as it grows."""
        found = (d for d in self.detectors if overlapping(kinds, d.info.kinds))
        return all(isinstance(d, ChecksPrefixes) and d.checks_prefixes for d in found)

    async def are_clear(self, passages: Sequence[Passage], deadlines: Deadlines) -> list[bool]:
        """Whether each piece of a growing text is far from every level of these kinds, according to
        the detectors that can judge such pieces. A failed check does not count as clear, nor does a
        disguised piece."""
        _, able = self._of(deadlines)
        answers = await asyncio.gather(*(_clear(d, passages, ms) for d, ms in able))
        plain = [viewed(p).for_model() is None for p in passages]
        return [plain[i] and all(answer[i] for answer in answers) for i in range(len(passages))]

    async def _judge(self, passages: Sequence[Passage], deadlines: Deadlines) -> list[Judgement]:
        wanted, _ = self._of(deadlines)
        answers = await asyncio.gather(*(_query(d, passages, ms) for d, ms in wanted))
        return [_joined(p, [a[i] for a in answers]) for i, p in enumerate(passages)]

    def _of(self, deadlines: Deadlines) -> tuple[Judging, Prefixes]:
        """The detectors of these kinds, each with the shortest deadline among its own kinds."""
        key = frozenset(deadlines.items())
        known = self._judging.get(key)
        if known is None:
            found = ((d, _own(d, deadlines)) for d in self.detectors)
            kinds = frozenset(deadlines)
            made = tuple([(wanting(d, kinds), min(own)) for d, own in found if own])
            growing = [(d, ms) for d, ms in made if isinstance(d, ChecksPrefixes)]
            able = tuple([(d, ms) for d, ms in growing if d.checks_prefixes])
            known = self._judging[key] = made, able
        return known


def _own(detector: SentenceDetector, deadlines: Deadlines) -> list[int]:
    return [ms for k, ms in deadlines.items() if overlapping((k,), detector.info.kinds)]


async def _query(
    detector: SentenceDetector, passages: Sequence[Passage], deadline_ms: int
) -> list[tuple[Finding, ...] | Failed]:
    if CALL.get() is None:
        CALL.set(object())  # in a task of its own
    try:
        async with asyncio.timeout(deadline_ms / 1000):
            return await detector.judge(passages)
    except TimeoutError:
        reason = Reason.TIMEOUT
    except Exception as error:
        log.error("detector %s failed: %s", detector.info.id, type(error).__name__)
        reason = Reason.ERROR
    return [Failed(detector.info.id, reason, p.locus) for p in passages]


async def _clear(
    detector: ChecksPrefixes, passages: Sequence[Passage], deadline_ms: int
) -> list[bool]:
    try:
        async with asyncio.timeout(deadline_ms / 1000):
            return await detector.clear(passages)
    except TimeoutError:
        pass
    except Exception as error:
        log.error("a piece of a text was not checked: %s", type(error).__name__)
    return [False] * len(passages)


def _joined(passage: Passage, answers: Iterable[tuple[Finding, ...] | Failed]) -> Judgement:
    findings: list[Finding] = []
    failures: list[Failed] = []
    for answer in answers:
        if isinstance(answer, Failed):
            failures.append(answer)
        else:
            findings += (moved(f, passage.offset) for f in answer)
    return Judgement(tuple(findings), tuple(failures))
