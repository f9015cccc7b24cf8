"""A language model as a detector: any OpenAI-compatible endpoint, in one of the formats.

The operator names judges in the settings (a policy cannot name an endpoint). A rule uses
`judge.<name>` for anything that the model calls bad, or `judge.<name>.<kind>` for one of its
categories, named by our kind. Calls are counted: beyond the limit the judge is overloaded. A reply
that is late, empty, cut off or not in the format is a failure, handled by the rule's `on_error` and
`on_timeout`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

from threegate.detectors.base import DetectorInfo
from threegate.detectors.judges.base import (
    MAX_TEXT,
    Judged,
    JudgeFormat,
    JudgeRequest,
    Score,
    Unreadable,
)
from threegate.detectors.judges.registry import FORMATS
from threegate.settings import JudgeSettings
from threegate.types import (
    CLAIM_SUPPORTED,
    Bilingual,
    Failed,
    Finding,
    Layer,
    Level,
    Passage,
    Reason,
    Span,
)

MINUTE_S = 60


@dataclass(slots=True)
class LlmJudge:
    settings: JudgeSettings
    key: str = field(repr=False)
    client: httpx.AsyncClient = field(repr=False)
    clock: Callable[[], float] = time.monotonic
    _calls: deque[float] = field(default_factory=deque, repr=False)

    @property
    def format(self) -> JudgeFormat:
        return FORMATS[self.settings.format]

    @property
    def info(self) -> DetectorInfo:
        name = self.settings.name
        own = dict.fromkeys(self.kind(kind) for kind in ("", *self.format.kinds(self.settings)))
        zh, en = f"{name}：{self.settings.question}", f"{name}: {self.settings.question}"
        title = Bilingual(zh, en) if self.settings.question else Bilingual(name, name)
        return DetectorInfo(f"judge_{name}", tuple(own), title)

    def kind(self, kind: str) -> str:
        """The kind that rules use for a kind of the format; empty for the verdict itself."""
        return f"judge.{self.settings.name}.{kind}" if kind else f"judge.{self.settings.name}"

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        return list(await asyncio.gather(*(self._one(p) for p in passages)))

    async def _one(self, passage: Passage) -> tuple[Finding, ...] | Failed:
        scores = await self.scores(passage)
        if isinstance(scores, Failed):
            return scores
        return tuple(f for s in scores if (f := self._finding(s, passage)) is not None)

    async def scores(self, passage: Passage) -> tuple[Score, ...] | Failed:
        """The highest score of each kind, whatever its level."""
        requests = self.format.requests(_judged(passage), self.settings)
        if not all(self._may_call() for _ in requests):
            return Failed(self.info.id, Reason.OVERLOAD, passage.locus)
        try:
            found = await asyncio.gather(*map(self._query, requests))
        except httpx.TimeoutException:
            return Failed(self.info.id, Reason.TIMEOUT, passage.locus)
        except (httpx.HTTPError, Unreadable, ValueError, LookupError, TypeError, AttributeError):
            return Failed(self.info.id, Reason.ERROR, passage.locus)
        best: dict[str, Score] = {}
        for score in (s for scores in found for s in scores):
            if score.kind not in best or best[score.kind].score < score.score:
                best[score.kind] = score
        return tuple(best.values())

    def _finding(self, score: Score, passage: Passage) -> Finding | None:
        """None below the lowest level, and for a supported claim, where nothing is wrong."""
        level = None if score.kind == CLAIM_SUPPORTED else self.level_of(score.score)
        if level is None:
            return None
        span, kind = Span(0, len(passage.text)), self.kind(score.kind)
        value = round(min(1.0, score.score), 4)
        return Finding(self.info.id, kind, span, value, level, passage.locus)

    def level_of(self, score: float) -> Level | None:
        """None below the lowest level."""
        given = self.settings
        bars = ((given.high, Level.HIGH), (given.medium, Level.MEDIUM), (given.low, Level.LOW))
        return next((level for bar, level in bars if score >= bar), None)

    def _may_call(self) -> bool:
        now = self.clock()
        while self._calls and self._calls[0] <= now - MINUTE_S:
            self._calls.popleft()
        if len(self._calls) >= self.settings.calls_per_minute:
            return False
        self._calls.append(now)
        return True

    async def _query(self, request: JudgeRequest) -> tuple[Score, ...]:
        reply = await self.client.post(
            self.settings.url + (self.settings.path or request.path),
            json=request.body,
            headers={"authorization": f"Bearer {self.key}"} if self.key else {},
            timeout=self.settings.timeout_s,
        )
        reply.raise_for_status()
        return self.format.scores(request, reply.json())


def _judged(passage: Passage) -> Judged:
    return Judged(
        passage.text,
        passage.before,
        passage.question[-MAX_TEXT:],
        passage.locus.layer is Layer.OUTPUT,
        tuple(source.text[:MAX_TEXT] for source in passage.sources),
    )
