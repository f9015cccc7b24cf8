"""All detectors as one policy needs them: patterns inline, sentence detectors under a deadline.

A detector that raises, hangs or is overloaded becomes a `Failed` value here, and nowhere else.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain

from threegate_classifiers.turns import CALL

from threegate.detectors.base import (
    ChecksPrefixes,
    PatternDetector,
    Scanned,
    SentenceDetector,
    SupportsFastPath,
    overlapping,
    uncrossed,
    wanting,
)
from threegate.detectors.dedupe import distinct
from threegate.detectors.engine.budget import Budget, BudgetSpentError
from threegate.detectors.judged_texts import JudgedTexts, Judgement
from threegate.detectors.judges.second_reader import SecondReader
from threegate.detectors.scan_pool import LONG_TEXT, POOL, PoolFullError
from threegate.detectors.views import (
    Viewed,
    brought_back,
    merged,
    second_reading,
    unviewed,
    viewed,
)
from threegate.guard.decide import kinds_asked_about_claims, kinds_asked_of_judges, wanted_kinds
from threegate.policy.model import Rule
from threegate.types import Failed, Finding, Passage, Reason, Span, frozen

log = logging.getLogger(__name__)

TURN_S = 0.01
"""So long scans of short texts go on before other calls get their turn: one request may bring
thousands of them."""

CACHED_TEXTS, CACHED_FINDINGS, FINDINGS_OF_ONE = 20_000, 50_000, 1_000
"""Judged texts kept by content hash, so that a long conversation is scanned once: some 170 bytes a
text and 200 a finding, 13 MB at most."""

PREPARED = 64
"""Long answers whose scan is done and not used yet; an answer that ends early leaves its own."""


@frozen
class Scan:
    """What pattern detectors reported for one passage. Spans count from the text at the locus."""

    findings: tuple[Finding, ...]
    failures: tuple[Failed, ...]
    settled: int


Deadlines = Mapping[str, int]
"""The kinds or prefixes that sentence detectors look for, and how long each may take: the shortest
deadline, in milliseconds, of a rule that wants it."""

BuildPatterns = Callable[[frozenset[str]], tuple[PatternDetector, ...]]
"""The pattern detectors that can find these kinds or prefixes."""


@dataclass(slots=True)
class DetectorSet:
    build: BuildPatterns
    sentence: tuple[SentenceDetector, ...] = ()
    kinds_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    second: SecondReader = field(default_factory=SecondReader)
    _patterns: dict[frozenset[str], tuple[PatternDetector, ...]] = field(
        default_factory=dict, repr=False
    )
    _fast_paths: dict[frozenset[str], Callable[[str, int], int] | None] = field(
        default_factory=dict, repr=False
    )
    _judging: dict[frozenset[tuple[str, int]], tuple[tuple[SentenceDetector, int], ...]] = field(
        default_factory=dict, repr=False
    )
    _cache: JudgedTexts = field(
        default_factory=lambda: JudgedTexts(CACHED_TEXTS, CACHED_FINDINGS, FINDINGS_OF_ONE)
    )
    _prepared: JudgedTexts = field(
        default_factory=lambda: JudgedTexts(PREPARED, CACHED_FINDINGS, CACHED_FINDINGS)
    )

    def unserved(
        self, wanted: frozenset[str], exactly: frozenset[str] = frozenset()
    ) -> frozenset[str]:
        """Wanted kinds that no detector reports: a rule on them would never act. Those wanted
        `exactly` are not served by a broader or narrower kind."""
        reported = [kind for kinds in self.kinds_of.values() for kind in kinds]
        missing = frozenset(k for k in wanted if not overlapping((k,), reported))
        return missing | exactly.difference(reported)

    def missing(self, rules: Sequence[Rule]) -> frozenset[str]:
        """What these rules look for, or ask a judge about, and no detector reports."""
        wanted = wanted_kinds(rules) | kinds_asked_of_judges(rules)
        return self.unserved(wanted, kinds_asked_about_claims(rules))

    def is_sentence_kind(self, pattern: str) -> bool:
        """Whether a wanted kind or prefix needs a sentence detector."""
        return any(overlapping((pattern,), d.info.kinds) for d in self.sentence)

    def is_pattern_kind(self, pattern: str) -> bool:
        return bool(self._for(frozenset({pattern})))

    def fast_path(self, kinds: frozenset[str]) -> Callable[[str, int], int] | None:
        """`settled_without_scan` of all pattern detectors; None where one of them never knows."""
        if kinds not in self._fast_paths:
            detectors = self._for(kinds)
            known = [d.settled_without_scan for d in detectors if isinstance(d, SupportsFastPath)]
            all_know = len(known) == len(detectors)
            self._fast_paths[kinds] = partial(_settled_without_scan, known) if all_know else None
        return self._fast_paths[kinds]

    def scan(self, passage: Passage, kinds: frozenset[str], *, final: bool) -> Scan:
        """Pattern detectors, inline. A failing one holds nothing back: its failure decides."""
        with Budget.for_size(len(passage.text)).running(len(passage.text)):
            return self._scan(passage, kinds, final=final)

    def scan_whole(self, passage: Passage, kinds: frozenset[str]) -> Scan:
        """`scan` of a text that is complete, with all its views."""
        size = len(passage.text)
        judged: Judgement | None = None
        if size >= LONG_TEXT:
            judged = self._prepared.pop(_key(passage, kinds, frozenset()))
        if judged is None:
            _, judged = self._viewed_scan(passage, kinds, Budget.for_size(size))
        else:
            judged = _at(judged, passage)
        return Scan(judged.findings, judged.failures, passage.offset + size)

    async def prepare(self, passage: Passage, kinds: frozenset[str]) -> None:
        """Scans a long text off the event loop, for the `scan_whole` that follows."""
        size = len(passage.text)
        if size < LONG_TEXT:
            return
        _, judged = await self._scan_new(passage, kinds, Budget.for_size(size))
        self._prepared.put(_key(passage, kinds, frozenset()), judged)

    def _scan(self, passage: Passage, kinds: frozenset[str], *, final: bool) -> Scan:
        found: list[Finding] = []
        failed: list[Failed] = []
        settled = len(passage.text)
        for detector in self._for(kinds):
            scanned = _scanned(detector, passage, final=final)
            if isinstance(scanned, Failed):
                failed.append(scanned)
                continue
            found += scanned.findings
            settled = min(settled, scanned.settled)
        if not final:
            settled = uncrossed(settled, [f.span for f in found])
        moved = tuple(_moved(f, passage.offset) for f in found) if passage.offset else tuple(found)
        return Scan(moved, tuple(failed), passage.offset + settled)

    async def judge(self, passages: Sequence[Passage], deadlines: Deadlines) -> list[Judgement]:
        """Sentence detectors together, each under its own deadline; one answer per passage, in
        order. What is disguised is also read in plain."""
        return await self._judge_views([viewed(p) for p in passages], deadlines)

    async def _judge(self, passages: Sequence[Passage], deadlines: Deadlines) -> list[Judgement]:
        wanted = self._judges(deadlines)
        answers = await asyncio.gather(*(_query(d, passages, ms) for d, ms in wanted))
        return [_joined(p, [a[i] for a in answers]) for i, p in enumerate(passages)]

    def checks_prefixes(self, kinds: frozenset[str]) -> bool:
        """Whether every detector of these kinds can judge a text as it grows."""
        found = (d for d in self.sentence if overlapping(kinds, d.info.kinds))
        return all(isinstance(d, ChecksPrefixes) and d.checks_prefixes for d in found)

    async def clear(self, passages: Sequence[Passage], deadlines: Deadlines) -> list[bool]:
        """Whether each piece of a text that goes on is far from every level of these kinds, as far
        as detectors can tell who judge such pieces. One that fails has not said so, and a disguised
        one is not clear."""
        found = ((d, ms) for d, ms in self._judges(deadlines) if isinstance(d, ChecksPrefixes))
        asked = (_clear(d, passages, ms) for d, ms in found if d.checks_prefixes)
        answers = await asyncio.gather(*asked)
        plain = [viewed(p).for_model() is None for p in passages]
        return [plain[i] and all(answer[i] for answer in answers) for i in range(len(passages))]

    async def check(
        self,
        passages: Sequence[Passage],
        patterns: frozenset[str],
        deadlines: Deadlines,
        budget: Budget | None = None,
    ) -> list[Judgement]:
        """Whole texts (the request): everything, with a cache by content. `budget`: of a call that
        checks more than these."""
        sentence = frozenset(deadlines)
        keys = [_key(p, patterns, sentence) for p in passages]
        known = {key: said for key in keys if (said := self._cache.get(key)) is not None}
        new = [i for i, key in enumerate(keys) if key not in known]
        budget = budget or Budget.for_size(sum(len(passages[i].text) for i in new))
        scanned = await self._scan_all([passages[i] for i in new], patterns, budget)
        fresh, scans = [v for v, _ in scanned], [s for _, s in scanned]
        judged = await self._judge_views(fresh, deadlines) if deadlines else []
        out: dict[bytes, Judgement] = {}
        for n, i in enumerate(new):
            extra = judged[n] if judged else Judgement()
            found = scans[n].findings
            if extra.findings:
                found = distinct((*found, *extra.findings))
            out[keys[i]] = Judgement(found, (*scans[n].failures, *extra.failures))
        self._remember(out)
        answers = known | out
        return [_at(answers[k], p) for k, p in zip(keys, passages, strict=True)]

    async def _scan_all(
        self, passages: Sequence[Passage], kinds: frozenset[str], budget: Budget
    ) -> list[tuple[Viewed, Judgement]]:
        out, since = [], time.perf_counter()
        for passage in passages:
            out.append(await self._scan_new(passage, kinds, budget))
            if time.perf_counter() - since > TURN_S:
                await asyncio.sleep(0)
                since = time.perf_counter()
        return out

    async def _scan_new(
        self, passage: Passage, kinds: frozenset[str], budget: Budget
    ) -> tuple[Viewed, Judgement]:
        size = len(passage.text)
        if size < LONG_TEXT:
            return self._viewed_scan(passage, kinds, budget)
        try:
            return await POOL.run(size, partial(self._viewed_scan, passage, kinds, budget))
        except PoolFullError:
            return unviewed(passage), self._unscanned(passage, kinds, Reason.OVERLOAD)

    def _viewed_scan(
        self, passage: Passage, kinds: frozenset[str], budget: Budget
    ) -> tuple[Viewed, Judgement]:
        """All pattern detectors on the text and its views; past the budget they have failed."""
        try:
            with budget.running(len(passage.text)):
                text = viewed(passage)
                judged = self._scan_views(text, kinds)
        except BudgetSpentError:
            return unviewed(passage), self._unscanned(passage, kinds, Reason.TIMEOUT)
        return text, Judgement(distinct(judged.findings), judged.failures)

    def _unscanned(self, passage: Passage, kinds: frozenset[str], reason: Reason) -> Judgement:
        failed = (Failed(d.info.id, reason, passage.locus) for d in self._for(kinds))
        return Judgement(failures=tuple(failed))

    def _scan_views(self, text: Viewed, kinds: frozenset[str]) -> Judgement:
        plain = self._scan(text.passage, kinds, final=True)
        if not text.views:
            return Judgement(plain.findings, plain.failures)
        more: list[Finding] = []
        failed = list(plain.failures)
        for detector in self._for(kinds):
            for view in text.for_pattern(detector):
                seen = _scanned(detector, second_reading(view, text.passage))
                if isinstance(seen, Failed):
                    failed.append(seen)
                else:
                    back = brought_back(view, seen.findings, len(text.passage.text))
                    more += (_moved(f, text.passage.offset) for f in back)
        return Judgement(tuple(merged(plain.findings, more)), tuple(dict.fromkeys(failed)))

    async def _judge_views(self, texts: Sequence[Viewed], deadlines: Deadlines) -> list[Judgement]:
        """As they are, if that can be read, and, where it differs, as they read in plain."""
        again = [(i, view) for i, t in enumerate(texts) if (view := t.for_model())]
        first = [i for i, t in enumerate(texts) if not t.illegible()]
        passages = [texts[i].passage for i in first]
        extra = [second_reading(view, texts[i].passage) for i, view in again]
        judged = await self._judge([*passages, *extra], deadlines)
        out = [Judgement()] * len(texts)
        for i, said in zip(first, judged[: len(first)], strict=True):
            out[i] = said
        for (i, view), more in zip(again, judged[len(first) :], strict=True):
            passage = texts[i].passage
            back = brought_back(view, more.findings, len(passage.text))
            moved = [_moved(f, passage.offset) for f in back]
            out[i] = Judgement(
                tuple(merged(out[i].findings, moved)), out[i].failures + more.failures
            )
        return out

    def _remember(self, new: Mapping[bytes, Judgement]) -> None:
        for key, judgement in new.items():
            if not judgement.failures:
                self._cache.put(key, judgement)

    def _judges(self, deadlines: Deadlines) -> tuple[tuple[SentenceDetector, int], ...]:
        """The detectors of these kinds, each with the shortest deadline of one of its own."""
        key = frozenset(deadlines.items())
        known = self._judging.get(key)
        if known is None:
            found = ((d, self._own(d, deadlines)) for d in self.sentence)
            kinds = frozenset(deadlines)
            made = ((wanting(d, kinds), min(own)) for d, own in found if own)
            known = self._judging[key] = tuple(made)
        return known

    @staticmethod
    def _own(detector: SentenceDetector, deadlines: Deadlines) -> list[int]:
        return [ms for k, ms in deadlines.items() if overlapping((k,), detector.info.kinds)]

    def _for(self, kinds: frozenset[str]) -> tuple[PatternDetector, ...]:
        known = self._patterns.get(kinds)
        if known is None:
            known = self._patterns[kinds] = self.build(kinds)
        return known


def _settled_without_scan(
    detectors: Sequence[Callable[[str, int], int]], text: str, start: int
) -> int:
    settled = len(text)
    for quiet in detectors:
        if (to := quiet(text, start)) < settled:
            settled = to
        if to < 0:
            break
    return settled


def _scanned(
    detector: PatternDetector, passage: Passage, *, final: bool = True
) -> Scanned | Failed:
    try:
        return detector.scan(passage, final=final)
    except BudgetSpentError:
        return Failed(detector.info.id, Reason.TIMEOUT, passage.locus)
    except Exception as error:
        log.error("detector %s failed: %s", detector.info.id, type(error).__name__)
        return Failed(detector.info.id, Reason.ERROR, passage.locus)


async def _query(
    detector: SentenceDetector, passages: Sequence[Passage], deadline_ms: int
) -> list[tuple[Finding, ...] | Failed]:
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
        log.error("a text that grows was not read: %s", type(error).__name__)
    return [False] * len(passages)


def _joined(passage: Passage, answers: Iterable[tuple[Finding, ...] | Failed]) -> Judgement:
    findings: list[Finding] = []
    failures: list[Failed] = []
    for answer in answers:
        if isinstance(answer, Failed):
            failures.append(answer)
        else:
            findings += (_moved(f, passage.offset) for f in answer)
    return Judgement(tuple(findings), tuple(failures))


def _moved(finding: Finding, offset: int) -> Finding:
    span = Span(finding.span.start + offset, finding.span.end + offset)
    return replace(finding, span=span)


def _at(judgement: Judgement, passage: Passage) -> Judgement:
    """The same text at another place: findings carry the place they were found at."""
    here = passage.locus
    found: Iterator[Finding | Failed] = chain(judgement.findings, judgement.failures)
    if not [f for f in found if f.locus is not here and f.locus != here]:
        return judgement
    return Judgement(
        tuple(replace(f, locus=passage.locus) for f in judgement.findings),
        tuple(replace(f, locus=passage.locus) for f in judgement.failures),
    )


def _key(passage: Passage, patterns: frozenset[str], sentence: frozenset[str]) -> bytes:
    head = f"{passage.locus.channel}\0{hash(patterns)}\0{hash(sentence)}\0"
    return hashlib.blake2b((head + passage.text).encode(), digest_size=16).digest()
