"""One detector set per policy: built-in detectors, the policy's own, and the shared classifiers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial

from threegate.detectors import output_format
from threegate.detectors.base import DetectorInfo, PatternDetector, SentenceDetector, overlapping
from threegate.detectors.custom import categories, detector
from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.engine.scanner import PatternScanner
from threegate.detectors.injection.detector import InjectionSignatures
from threegate.detectors.judges.second_reader import SecondReader
from threegate.detectors.presidio.policy import from_policy
from threegate.detectors.registry import DETECTORS
from threegate.detectors.scan_pool import LONG_TEXT, OWN_LONG_TEXT
from threegate.policy.model import CompiledPolicy
from threegate.types import Bilingual

NEW_PERSONAL_DATA = DetectorInfo(
    "new_pii", ("leak.pii",), Bilingual("新出现的个人信息", "personal data that was not asked with")
)
"""Derived by the gateway: a pattern's personal data in an answer whose value the request lacks."""

MAX_CACHED = 32
"""Policies whose suites stay built: the active ones and those that running requests have pinned."""


@dataclass(slots=True)
class DetectorSets:
    sentence: tuple[SentenceDetector, ...]
    second: SecondReader = field(default_factory=SecondReader)
    _made: dict[str, DetectorSet] = field(default_factory=dict, repr=False)

    def of(self, policy: CompiledPolicy) -> DetectorSet:
        known = self._made.get(policy.digest)
        if known is None:
            if len(self._made) >= MAX_CACHED:
                self._made.clear()
            known = self._made[policy.digest] = self._build(policy)
        return known

    def _build(self, policy: CompiledPolicy) -> DetectorSet:
        scanner = _scanners(policy)
        own: tuple[PatternDetector, ...] = (
            InjectionSignatures(),
            *output_format.detectors(policy),
            *detector.detectors(policy),
        )

        def build(kinds: frozenset[str]) -> tuple[PatternDetector, ...]:
            built_in = scanner(kinds)
            chosen = tuple(d for d in own if overlapping(kinds, d.info.kinds))
            return ((built_in,) if built_in.info.kinds else ()) + chosen

        infos = [scanner(None).info, *(d.info for d in own)]
        sentence = (*self.sentence, output_format.LanguageDetector(), *categories.detectors(policy))
        infos += [d.info for d in sentence]
        infos.append(NEW_PERSONAL_DATA)
        long_text = OWN_LONG_TEXT if policy.patterns or policy.recognizers else LONG_TEXT
        kinds_of = {i.id: i.kinds for i in infos}
        return DetectorSet(build, sentence, kinds_of, self.second, long_text)


def _scanners(policy: CompiledPolicy) -> Callable[[frozenset[str] | None], PatternScanner]:
    """Over the built-in recognizers and those that the policy writes in Presidio's format."""
    if not policy.recognizers:
        return _built_in
    return partial(PatternScanner, (*DETECTORS, from_policy(policy.recognizers)))


@lru_cache(maxsize=128)
def _built_in(kinds: frozenset[str] | None) -> PatternScanner:
    """The same for every policy that wants these kinds: a draft's tests ask for each rule's."""
    return PatternScanner(DETECTORS, kinds)
