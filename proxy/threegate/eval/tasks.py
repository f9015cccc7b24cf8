"""What each task measures: how a row becomes a text to scan, and how its result is read.

| task | yes means | said when |
|---|---|---|
| pii, secrets | the text has such a span (or label 1) | such a finding |
| injection, hazard, offensive, compliance | label 1 | such a finding |
| grounding | the claim is not supported | not judged supported |
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from threegate.eval.labels import accepts, within
from threegate.eval.metrics import Marked, outermost
from threegate.eval.rows import Case, Row, role_of, text_of, yes
from threegate.policy.model import matches
from threegate.scan.item import LineError, Role, ScanItem, sources_of
from threegate.scan.scanner import Claim, ScanResult, Stance
from threegate.types import Level, Span


@dataclass(frozen=True, slots=True)
class Observation:
    """One prediction with its label. `stances` are (gold, predicted) where three classes are known;
    `clean` counts code points of a text without any span. `aside`: not in any total."""

    source: str
    language: str
    gold: bool
    predicted: bool
    score: float | None = None
    stances: tuple[str, str] | None = None
    spans: tuple[Marked, ...] | None = None
    found: tuple[Marked, ...] = ()
    clean: int = 0
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What an answer is compared with: `labels` are those that the case's source uses at all."""

    answer: ScanResult
    scores: dict[str, float]
    labels: frozenset[str]
    level: Level


@dataclass(frozen=True, slots=True)
class Task:
    """`kinds` are the families that count. `scored`: the guard gives a score for curves."""

    name: str
    kinds: frozenset[str]
    item_of: Callable[[Row], ScanItem]
    observe: Callable[[Task, Case, Seen], Iterator[Observation]]
    scored: bool = False


# --- texts with a label, texts with spans -----------------------------------------------------


def _labelled(row: Row) -> ScanItem:
    yes(row)
    return ScanItem(text_of(row), row.get("id"), role_of(row), str(row.get("prompt") or ""))


def _spanned(row: Row) -> ScanItem:
    if "spans" not in row:
        yes(row)
    return ScanItem(text_of(row), row.get("id"))


def _answered(row: Row) -> ScanItem:
    item = _labelled(row)
    role = item.role if item.answered else Role.ASSISTANT
    return ScanItem(item.text, item.id, role, item.prompt)


def _text(task: Task, case: Case, seen: Seen) -> Iterator[Observation]:
    kinds = task.kinds
    if task.name == "hazard" and case.item.answered:
        kinds = kinds | {"compliance"}  # for an answer, what counts is that it does the harm
    found = [f for f in seen.answer.findings if _counts(f.kind, kinds)]
    predicted = any(f.level >= seen.level for f in found)
    scores = [s for k, s in seen.scores.items() if _counts(k, kinds)]
    score = max([*scores, *(f.score for f in found)], default=0.0) if task.scored else None
    yield Observation(case.source, case.language, yes(case.row), predicted, score)


def _spans(task: Task, case: Case, seen: Seen) -> Iterator[Observation]:
    if "spans" not in case.row:
        yield from _text(task, case, seen)
        return
    labels = [label for label in seen.labels if within(label, task.kinds)]
    gold = tuple(
        Marked(Span(s["start"], s["end"]), s["label"])
        for s in case.row["spans"]
        if s["label"] in labels
    )
    marks = (Marked(f.span, f.kind) for f in seen.answer.at(seen.level))
    found = outermost(m for m in marks if any(accepts(label, m.name) for label in labels))
    clean = 0 if gold else len(case.item.text)
    yield Observation(
        case.source, case.language, bool(gold), bool(found),
        spans=gold, found=tuple(found), clean=clean
    )  # fmt: skip


def _counts(kind: str, kinds: frozenset[str]) -> bool:
    return any(matches(k, kind) for k in kinds)


# --- claims -----------------------------------------------------------------------------------

_GOLD = {
    "supported": Stance.SUPPORTED,
    "refuted": Stance.CONTRADICTED,
    "contradicted": Stance.CONTRADICTED,
    "nei": Stance.NEI,
    "unsupported": None,
    "partially_supported": None,
}
"""None: not supported, and the data set does not say whether contradicted."""

NO_CLAIM = "no_claim"


def answered(row: Row) -> ScanItem:
    """A whole answer with labelled sentences."""
    answer = row.get("answer")
    if not isinstance(answer, str) or not isinstance(row.get("sentences"), list):
        raise LineError("answer, sentences: a string and a list are needed")
    sources = sources_of(row.get("context") or [])
    return ScanItem(answer, row.get("id"), Role.ASSISTANT, str(row.get("question") or ""), sources)


def _claimed(row: Row) -> ScanItem:
    """A claim with its sources, or a whole answer."""
    if "sentences" in row:
        return answered(row)
    claim = row.get("claim")
    if not isinstance(claim, str):
        raise LineError("claim: a string is needed")
    if row.get("label") not in _GOLD:
        raise LineError("label: no verdict on a claim")
    return ScanItem(
        claim, row.get("id"), Role.ASSISTANT, "", sources_of(row.get("context") or []), claim
    )


def _grounding(task: Task, case: Case, seen: Seen) -> Iterator[Observation]:
    if "sentences" in case.row:
        yield from _sentences(case, seen)
        return
    yield _verdict(case, case.row["label"], list(seen.answer.claims), seen.level)


def _sentences(case: Case, seen: Seen) -> Iterator[Observation]:
    """Compares every labelled sentence with its claims; sentences without claims are separate."""
    for label, here in aligned(case, seen.answer):
        made = _verdict(case, label, here, seen.level)
        idle = label == NO_CLAIM
        yield replace(made, source=f"{case.source} (no claim)", aside=True) if idle else made


def aligned(case: Case, answer: ScanResult) -> Iterator[tuple[str, list[Claim]]]:
    """The label of every sentence of a whole answer, and the claims that were found in it."""
    at = 0
    for sentence in case.row["sentences"]:
        start = max(case.item.text.find(sentence["text"], at), at)
        at = start + len(sentence["text"])
        yield (
            sentence["label"],
            [c for c in answer.claims if c.span.start < at and start < c.span.end],
        )


def worst_of(claims: list[Claim], level: Level) -> Stance:
    """The worst claim counts; without any, the sentence passes."""
    predicted = [c.at(level) for c in claims]
    return next((s for s in (Stance.CONTRADICTED, Stance.NEI) if s in predicted), Stance.SUPPORTED)


def _verdict(case: Case, label: str, claims: list[Claim], level: Level) -> Observation:
    worst = worst_of(claims, level)
    gold = _GOLD.get(label)
    unsupported = label not in (NO_CLAIM, "supported")
    score = max((_doubt(c) for c in claims), default=0.0)
    stances = (gold.value, worst.value) if gold is not None else None
    return Observation(
        case.source, case.language, unsupported, worst is not Stance.SUPPORTED, score, stances
    )


def _doubt(claim: Claim) -> float:
    return 1 - claim.score if claim.stance is Stance.SUPPORTED else claim.score


TASKS = (
    Task("pii", frozenset({"pii"}), _spanned, _spans),
    Task("secrets", frozenset({"secret"}), _spanned, _spans),
    Task("injection", frozenset({"injection"}), _labelled, _text, scored=True),
    Task("hazard", frozenset({"hazard"}), _labelled, _text, scored=True),
    Task("offensive", frozenset({"offensive"}), _labelled, _text, scored=True),
    Task("compliance", frozenset({"compliance"}), _answered, _text, scored=True),
    Task("grounding", frozenset({"claim"}), _claimed, _grounding),
)
BY_NAME = {task.name: task for task in TASKS}
