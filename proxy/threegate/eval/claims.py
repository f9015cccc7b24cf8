"""`threegate eval claims`: the fact check on whole answers, verdict by verdict, four times over.

| sources | what it shows |
|---|---|
| own | every answer against its own sources |
| knowledge | against the sources of all answers in its language, as a knowledge base holds them |
| numbers | own sources, the comparison of numbers, dates and units alone |
| none | no source: nothing may pass as supported |
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from threegate.detectors.base import DetectorInfo
from threegate.detectors.models.claims import contradicts_by_number
from threegate.detectors.models.evidence import Index
from threegate.eval.metrics import Counts
from threegate.eval.rows import Case, Read
from threegate.eval.run import Evaluation, evaluate
from threegate.eval.tasks import NO_CLAIM, Observation, Seen, Task, aligned, answered, worst_of
from threegate.scan.item import ScanItem
from threegate.scan.scanner import Scanner, Stance
from threegate.types import (
    CLAIM_CONTRADICTED,
    CLAIM_UNSUPPORTED,
    Bilingual,
    Finding,
    Level,
    Passage,
    Source,
    Span,
)

VERDICTS = (*(s.value for s in Stance), NO_CLAIM)
WIDE = 250
"""Tokens of sources that numbers are compared with; about what the model reads at once."""


class Way(StrEnum):
    OWN = "own"
    KNOWLEDGE = "knowledge"
    NUMBERS = "numbers"
    NONE = "none"


@dataclass(slots=True)
class Figures:
    """`pairs` are (labelled, predicted) by way and language."""

    pairs: defaultdict[tuple[Way, str], list[tuple[str, str]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    failed: Counter[str] = field(default_factory=Counter)


def _observe(task: Task, case: Case, seen: Seen) -> Iterator[Observation]:
    for label, claims in aligned(case, seen.answer):
        predicted = worst_of(claims, seen.level).value if claims else NO_CLAIM
        passes = predicted in (NO_CLAIM, Stance.SUPPORTED.value)
        is_wrong = label not in (NO_CLAIM, Stance.SUPPORTED.value)
        yield Observation(
            case.source, case.language, is_wrong, not passes, stances=(label, predicted)
        )


TASK = Task("claims", frozenset({"claim"}), answered, _observe)


async def measure(
    rows: Read, scanner: Scanner, level: Level, advance: Callable[[], None], ways: Sequence[Way]
) -> Figures:
    made = Figures()
    for way in ways:
        found = await _evaluated(way, rows, scanner, level, advance)
        made.failed += found.failed
        for o in found.observations:
            if o.stances is not None:
                made.pairs[way, o.language].append(o.stances)
    return made


async def _evaluated(
    way: Way, rows: Read, scanner: Scanner, level: Level, advance: Callable[[], None]
) -> Evaluation:
    match way:
        case Way.KNOWLEDGE:
            rows = with_sources(rows, pooled(rows.cases))
        case Way.NONE:
            rows = with_sources(rows, {})
        case Way.NUMBERS:
            scanner = replace(scanner, claims=NumbersAlone())
        case Way.OWN:
            pass
    return await evaluate(TASK, rows, scanner, level, advance)


def pooled(cases: Sequence[Case]) -> dict[str, tuple[Source, ...]]:
    """All sources of a language, each text once."""
    texts: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for case in cases:
        texts[case.language] |= dict.fromkeys(s.text for s in case.item.sources or ())
    return {
        language: tuple(Source(str(i), text) for i, text in enumerate(found))
        for language, found in texts.items()
    }


def with_sources(rows: Read, sources: dict[str, tuple[Source, ...]]) -> Read:
    def changed(item: ScanItem, language: str) -> ScanItem:
        return replace(item, sources=sources.get(language, ()))

    return Read([replace(c, item=changed(c.item, c.language)) for c in rows.cases], rows.left_out)


class NumbersAlone:
    """Contradicted where a source has the same statement with another number, else no opinion."""

    info = DetectorInfo(
        "numbers", (CLAIM_CONTRADICTED, CLAIM_UNSUPPORTED), Bilingual("数字比对", "numbers")
    )

    async def check(self, passage: Passage) -> Finding:
        claim = passage.text.strip()
        evidence = Index(passage.sources, None).focus(claim, WIDE)
        wrong = evidence is not None and contradicts_by_number(claim, evidence)
        kind = CLAIM_CONTRADICTED if wrong else CLAIM_UNSUPPORTED
        span = Span(0, len(passage.text))
        return Finding(self.info.id, kind, span, 1.0, Level.HIGH, passage.locus)


def tables(figures: Figures) -> list[dict[str, Any]]:
    """Per way and language: accuracy, what passes though it should not, and figures by verdict."""
    return [
        {"sources": way.value, "language": language, **_table(pairs)}
        for (way, language), pairs in figures.pairs.items()
    ]


def _table(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    counts = Counts.of((g == s, True) for g, s in pairs)
    wrong = Counts.of((_is_wrong(g), _is_wrong(s)) for g, s in pairs if g != NO_CLAIM)
    return {
        "n": len(pairs),
        "accuracy": counts.precision,
        "balanced_accuracy": wrong.balanced_accuracy,
        "verdicts": {v: _verdict(v, pairs) for v in VERDICTS},
    }


def _is_wrong(verdict: str) -> bool:
    return verdict in (Stance.CONTRADICTED.value, Stance.NEI.value)


def _verdict(verdict: str, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    counts = Counts.of((g == verdict, s == verdict) for g, s in pairs)
    return {
        "n": counts.tp + counts.fn,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
    }
