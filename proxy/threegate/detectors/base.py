"""What a detector is: two kinds, by the text that they need.

*Pattern* detectors look at characters and are fast enough to run inline, on every piece of a
stream. They promise **prefix stability**:
for `scan(text, final=False)` returning `(findings, settled)` and any continuation `x`, the
findings of `scan(text + x)` that start before `settled` are exactly the returned ones that start
before `settled`, and none of them crosses `settled`. So text before `settled` may leave.
They also promise **window stability**: a finding depends on at most `LOOKBEHIND` code points
before its start.

*Sentence* detectors (classifiers, names, claims) judge whole passages, may wait for a model and
run in the background.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, runtime_checkable

from threegate.policy.model import matches
from threegate.types import Bilingual, Failed, Finding, Passage, frozen

LOOKBEHIND = 64
"""Code points before a finding's start that may influence it (context words, boundaries)."""


@dataclass(frozen=True, slots=True)
class Example:
    """One true or false example of a detector's own: `values` are the exact substrings that must
    be found."""

    text: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DetectorInfo:
    """`kinds` is everything the detector may report; `id` is stable and appears in audit records
    and metrics."""

    id: str
    kinds: tuple[str, ...]
    title: Bilingual
    examples: tuple[Example, ...] = ()


@frozen
class Scanned:
    """Findings with spans relative to the scanned text; text before `settled` can no longer
    change."""

    findings: tuple[Finding, ...]
    settled: int


class HasSpan(Protocol):
    """Anything with a position in a text: a span or a hit."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


def uncrossed(settled: int, found: Iterable[HasSpan]) -> int:
    """`settled`, moved left of any finding that crosses it. A finding that begins before and ends
    after it would otherwise never be reported."""
    for one in sorted(found, key=lambda s: s.start, reverse=True):
        if one.start < settled < one.end:
            settled = one.start
    return settled


class PatternDetector(Protocol):
    @property
    def info(self) -> DetectorInfo: ...

    def scan(self, passage: Passage, *, final: bool = True) -> Scanned:
        """Spans are relative to `passage.text` (the caller adds `passage.offset`)."""
        ...


@runtime_checkable
class SupportsFastPath(Protocol):
    """A pattern detector that can decide cheaply where it would find nothing."""

    def settled_without_scan(self, text: str, start: int) -> int:
        """The position up to which a scan of `text` (already settled before `start`) would be
        settled if it found nothing new; -1 if it may find something or only a scan can decide."""
        ...


def overlapping(patterns: Iterable[str], kinds: Iterable[str]) -> frozenset[str]:
    """The kinds that match one of the wanted kinds or prefixes, or lie above or below it."""
    return _overlapping(frozenset(patterns), frozenset(kinds))


@lru_cache(maxsize=1024)  # a draft's tests ask the same of each rule
def _overlapping(wanted: frozenset[str], kinds: frozenset[str]) -> frozenset[str]:
    heads = tuple(p[:-1] if p.endswith("*") else f"{p}." for p in wanted)
    above = frozenset(_upwards(wanted))
    found = (k for k in kinds if k in above or k.startswith(heads) or _widely(k, wanted))
    return frozenset(found)


def _upwards(kinds: Iterable[str]) -> Iterator[str]:
    """Each kind and all that it lies below: for `pii.cn.mobile` also `pii.cn` and `pii`."""
    for kind in kinds:
        while kind:
            yield kind
            kind = kind.rpartition(".")[0]


def _widely(kind: str, wanted: Iterable[str]) -> bool:
    return kind.endswith("*") and any(matches(kind, p) for p in wanted)


class SentenceDetector(Protocol):
    @property
    def info(self) -> DetectorInfo: ...

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        """One answer per passage, in order. Spans relative to the passage's text. Never raises for
        overload."""
        ...


@runtime_checkable
class ChecksPrefixes(Protocol):
    """A sentence detector that can also judge a text that is still arriving."""

    @property
    def checks_prefixes(self) -> bool: ...

    async def clear(self, passages: Sequence[Passage]) -> list[bool]:
        """Whether nothing in a piece of a text, as far as it has arrived, scores near a level. A
        sentence whose pieces are all clear is passed to `judge` with `clear` set."""
        ...


@runtime_checkable
class SupportsKinds(Protocol):
    """A sentence detector that can do less work when only some of its kinds are wanted."""

    def wanting(self, kinds: frozenset[str]) -> SentenceDetector:
        """The same detector, limited to these kinds or prefixes."""
        ...


def wanting(detector: SentenceDetector, kinds: frozenset[str]) -> SentenceDetector:
    return detector.wanting(kinds) if isinstance(detector, SupportsKinds) else detector
