"""All detectors as one policy needs them: patterns inline, sentence detectors under a deadline.

A detector that raises, hangs or is overloaded becomes a `Failed` value in `pattern_scans` and
`sentence_judging`, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field

from threegate.detectors.base import SentenceDetector, overlapping
from threegate.detectors.dedupe import distinct
from threegate.detectors.engine.budget import Budget
from threegate.detectors.judged_texts import JudgedTexts, Judgement
from threegate.detectors.judges.second_reader import SecondReader
from threegate.detectors.pattern_scans import BuildPatterns, PatternScans, at_locus, text_key
from threegate.detectors.scan_pool import LONG_TEXT
from threegate.detectors.sentence_judging import Deadlines, SentenceJudging
from threegate.guard.decide import kinds_asked_about_claims, kinds_asked_of_judges, wanted_kinds
from threegate.policy.model import Rule
from threegate.types import Passage

CACHED_TEXTS, CACHED_FINDINGS, FINDINGS_OF_ONE = 20_000, 50_000, 1_000
"""Judged texts kept by content hash, so that a long conversation is scanned once: some 170 bytes a
text and 200 a finding, 13 MB at most."""


@dataclass(slots=True)
class DetectorSet:
    """`kinds_of` are the kinds that each detector reports, by its id."""

    build: InitVar[BuildPatterns]
    sentence: InitVar[tuple[SentenceDetector, ...]] = ()
    kinds_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    second: SecondReader = field(default_factory=SecondReader)
    long_text: InitVar[int] = LONG_TEXT
    patterns: PatternScans = field(init=False)
    sentences: SentenceJudging = field(init=False)
    _reported: frozenset[str] = field(init=False, repr=False)
    _cache: JudgedTexts = field(
        default_factory=lambda: JudgedTexts(CACHED_TEXTS, CACHED_FINDINGS, FINDINGS_OF_ONE)
    )

    def __post_init__(
        self, build: BuildPatterns, sentence: tuple[SentenceDetector, ...], long_text: int
    ) -> None:
        self.patterns = PatternScans(build, long_text)
        self.sentences = SentenceJudging(sentence)
        self._reported = frozenset(kind for kinds in self.kinds_of.values() for kind in kinds)

    def unserved(
        self, wanted: frozenset[str], exactly: frozenset[str] = frozenset()
    ) -> frozenset[str]:
        """Wanted kinds that no detector reports: a rule on them would never act. Those wanted
        `exactly` are not served by a broader or narrower kind."""
        others = wanted - self._reported  # few: most rules name kinds as detectors report them
        missing = frozenset(k for k in others if not overlapping((k,), self._reported))
        return missing | (exactly - self._reported)

    def missing(self, rules: Sequence[Rule]) -> frozenset[str]:
        """What these rules look for, or ask a judge about, and no detector reports."""
        wanted = wanted_kinds(rules) | kinds_asked_of_judges(rules)
        return self.unserved(wanted, kinds_asked_about_claims(rules))

    def is_sentence_kind(self, pattern: str) -> bool:
        """Whether a wanted kind or prefix needs a sentence detector."""
        return any(overlapping((pattern,), d.info.kinds) for d in self.sentences.detectors)

    def is_pattern_kind(self, pattern: str) -> bool:
        return bool(self.patterns.detectors(frozenset({pattern})))

    def checks_prefixes(self, kinds: frozenset[str]) -> bool:
        return self.sentences.checks_prefixes(kinds)

    async def check(
        self,
        passages: Sequence[Passage],
        patterns: frozenset[str],
        deadlines: Deadlines,
        budget: Budget | None = None,
    ) -> list[Judgement]:
        """Runs everything on whole texts (the request), with a cache by content. `budget` is given
        by a call that checks further texts as well."""
        sentence = frozenset(deadlines)
        keys = [text_key(p, patterns, sentence) for p in passages]
        known = {key: kept for key in keys if (kept := self._cache.get(key)) is not None}
        new = [(key, p) for key, p in zip(keys, passages, strict=True) if key not in known]
        budget = budget or Budget.for_size(sum(len(p.text) for _, p in new))
        judged = await self._check_new([p for _, p in new], patterns, deadlines, budget)
        out = {key: judgement for (key, _), judgement in zip(new, judged, strict=True)}
        self._remember(out)
        answers = known | out
        return [at_locus(answers[k], p) for k, p in zip(keys, passages, strict=True)]

    async def _check_new(
        self,
        passages: Sequence[Passage],
        patterns: frozenset[str],
        deadlines: Deadlines,
        budget: Budget,
    ) -> list[Judgement]:
        scanned = await self.patterns.scan_all(passages, patterns, budget)
        scans = [scan for _, scan in scanned]
        if not deadlines:
            return scans
        judged = await self.sentences.judge_views([view for view, _ in scanned], deadlines)
        return [_both(scan, more) for scan, more in zip(scans, judged, strict=True)]

    def _remember(self, new: Mapping[bytes, Judgement]) -> None:
        for key, judgement in new.items():
            if not judgement.failures:
                self._cache.put(key, judgement)


def _both(scan: Judgement, judged: Judgement) -> Judgement:
    found = scan.findings
    if judged.findings:
        found = distinct((*found, *judged.findings))
    return Judgement(found, (*scan.failures, *judged.failures))
