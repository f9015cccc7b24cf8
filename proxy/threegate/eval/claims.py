"""`threegate eval claims`: the fact check on whole answers, verdict by verdict, several times over.

| sources | what it shows |
|---|---|
| own | every answer against its own sources |
| knowledge | against the sources of all answers in its language, as a knowledge base holds them |
| numbers | own sources, the comparison of numbers, dates and units alone |
| none | no source: nothing may pass as supported |
| judge | own sources, a larger model gives the verdict |
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from threegate_classifiers.errors import ClassifierError, Overloaded, TimedOut

from threegate.detectors.base import DetectorInfo
from threegate.detectors.judges.detector import LlmJudge
from threegate.detectors.judges.second_reader import SecondReader
from threegate.detectors.models.claims import contradicts_by_number
from threegate.detectors.models.evidence import Index
from threegate.eval.metrics import Counts
from threegate.eval.rows import Case, Read
from threegate.eval.run import evaluate
from threegate.eval.tasks import NO_CLAIM, Observation, Seen, Task, aligned, answered, worst_of
from threegate.guard.second_opinion import question_of, reviewed
from threegate.policy.model import SecondOpinion
from threegate.scan.item import ScanItem
from threegate.scan.scanner import Checker, Scanner, Stance
from threegate.types import (
    CLAIM_CONTRADICTED,
    CLAIM_UNSUPPORTED,
    Action,
    Bilingual,
    Finding,
    Level,
    Passage,
    Reason,
    Ruling,
    Source,
    Span,
)

VERDICTS = (*(s.value for s in Stance), NO_CLAIM)
WIDE = 250
"""Tokens of sources with which numbers are compared; about as much as the model reads at once."""

DEADLINE_MS = 600_000
_ERRORS = {Reason.TIMEOUT: TimedOut, Reason.OVERLOAD: Overloaded}


class Way(StrEnum):
    OWN = "own"
    KNOWLEDGE = "knowledge"
    NUMBERS = "numbers"
    NONE = "none"
    JUDGE = "judge"


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
    rows: Read,
    scanner: Scanner,
    level: Level,
    advance: Callable[[], None],
    ways: Sequence[Way],
    judge: LlmJudge | None = None,
) -> Figures:
    """`judge` is needed for the way that it names."""
    made = Figures()
    for way in ways:
        own = replace(scanner, claims=_checker(way, scanner, judge))
        found = await evaluate(TASK, _rows_for(way, rows), own, level, advance)
        made.failed += found.failed
        for o in found.observations:
            if o.stances is not None:
                made.pairs[way, o.language].append(o.stances)
    return made


def _checker(way: Way, scanner: Scanner, judge: LlmJudge | None) -> Checker | None:
    if way is Way.NUMBERS:
        return NumbersAlone()
    if way is Way.JUDGE and scanner.claims is not None and judge is not None:
        return JudgedClaims(scanner.claims, judge)
    return scanner.claims


def _rows_for(way: Way, rows: Read) -> Read:
    match way:
        case Way.KNOWLEDGE:
            return with_sources(rows, pooled(rows.cases))
        case Way.NONE:
            return with_sources(rows, {})
        case _:
            return rows


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
    """Contradicted if a source has the same statement with another number, else no opinion."""

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


@dataclass(frozen=True, slots=True)
class JudgedClaims:
    """A larger model, as a fact check with a `second_opinion` asks it: the first checker picks the
    evidence, the judge gives the verdict. Raises ClassifierError if it does not answer."""

    first: Checker
    judge: LlmJudge

    @property
    def info(self) -> DetectorInfo:
        return self.judge.info

    async def check(self, passage: Passage) -> Finding:
        first = await self.first.check(passage)
        spec = SecondOpinion(ask=self.judge.kind(""), levels=tuple(Level), deadline_ms=DEADLINE_MS)
        question = question_of(spec, first, len(passage.text), 0)
        if question is None:
            return first
        reader = SecondReader({self.judge.kind(""): self.judge})
        (opinions,) = await reader.opinions([passage], [frozenset({question})])
        opinion = opinions[question]
        if opinion.failed is not None:
            raise _ERRORS.get(opinion.failed, ClassifierError)()
        ruled = reviewed(Ruling("", Action.ALLOW, first), spec, opinion, lambda found: Action.ALLOW)
        assert isinstance(ruled.finding, Finding)
        return ruled.finding


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
        "verdicts": {v: Counts.of((g == v, s == v) for g, s in pairs).as_dict() for v in VERDICTS},
    }


def _is_wrong(verdict: str) -> bool:
    return verdict in (Stance.CONTRADICTED.value, Stance.NEI.value)
