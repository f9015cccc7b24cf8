"""Runs a task over labelled files: read, scan with many in flight, observe, add up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from threegate_classifiers.errors import ClassifierError

from threegate.detectors.models.common import reason_of
from threegate.eval.labels import accepts, checked, is_known
from threegate.eval.metrics import Counts, Marked, auroc, macro_recall, spans_exact, spans_overlap
from threegate.eval.rows import Case, Read
from threegate.eval.tasks import Observation, Seen, Task
from threegate.scan.flow import each, in_order
from threegate.scan.scanner import Scanner, ScanResult
from threegate.types import Failed, Level

ALL = "all"


@dataclass(slots=True)
class Evaluation:
    """`failed` counts texts without an answer from a detector, by detector and reason."""

    observations: list[Observation] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)


async def evaluate(
    task: Task, rows: Read, scanner: Scanner, level: Level, advance: Callable[[], None]
) -> Evaluation:
    """Scans all rows with many in flight and adds up what was found at `level`. `advance` is called
    once a row; a row whose detectors fail is counted in `failed` and in no figure."""
    labels = labels_by_source(rows.cases)
    made = Evaluation()

    async def work(case: Case) -> tuple[ScanResult, dict[str, float]]:
        answer = await scanner.scan(case.item)
        if not task.scored or answer.failures:
            return answer, {}
        try:
            return answer, await scanner.scores(case.item)
        except ClassifierError as error:
            failed = Failed(task.name, reason_of(error), case.item.passage.locus)
            return replace(answer, failures=(failed,)), {}

    def emit(case: Case, result: tuple[ScanResult, dict[str, float]]) -> None:
        answer, scores = result
        advance()
        if answer.failures:
            made.failed.update(f"{f.detector}: {f.reason}" for f in answer.failures[:1])
            return
        seen = Seen(answer, scores, labels[case.source], level)
        made.observations += task.observe(task, case, seen)

    await in_order(each(rows.cases), work, emit, size=_size, limit=scanner.in_flight)
    return made


def _size(case: Case) -> int:
    return len(case.item.text) + len(case.item.prompt)


def labels_by_source(cases: Iterable[Case]) -> dict[str, frozenset[str]]:
    """A source that never uses a label says nothing about such findings."""
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for case in cases:
        seen[case.source].update(s["label"] for s in case.row.get("spans") or ())
    return {source: frozenset(seen[source]) for source in {c.source for c in cases}}


def unknown_labels(cases: Sequence[Case]) -> list[str]:
    labels = frozenset[str]().union(*labels_by_source(cases).values())
    return sorted(label for label in labels if not is_known(label))


def tables(observations: Sequence[Observation]) -> list[dict[str, Any]]:
    """Figures per source and language, then per language, then of everything."""
    groups: defaultdict[tuple[str, str], list[Observation]] = defaultdict(list)
    for o in observations:
        groups[o.source, o.language].append(o)
    total = [o for o in observations if not o.aside]
    languages = {o.language for o in total}
    own = [_table(s, x, groups[s, x]) for s, x in sorted(groups)]
    if len(groups) == 1:
        return own
    for language in sorted(languages):
        own.append(_table(ALL, language, [o for o in total if o.language == language]))
    if len(languages) > 1:
        own.append(_table(ALL, ALL, total))
    return own


def _table(source: str, language: str, seen: Sequence[Observation]) -> dict[str, Any]:
    counts = Counts.of((o.gold, o.predicted) for o in seen)
    scored = [(o.gold, o.score) for o in seen if o.score is not None]
    made: dict[str, Any] = {
        "source": source,
        "language": language,
        "n": len(seen),
        "positives": counts.tp + counts.fn,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
        "false_positive_rate": counts.false_positive_rate,
        "accuracy": counts.accuracy,
        "balanced_accuracy": counts.balanced_accuracy,
        "auroc": auroc(scored),
    }
    if any(o.spans is not None for o in seen):
        made["spans"] = _span_figures(seen)
    if stances := [o.stances for o in seen if o.stances is not None]:
        right = sum(gold == predicted for gold, predicted in stances)
        made["three_way"] = {
            "n": len(stances),
            "accuracy": right / len(stances),
            "balanced_accuracy": macro_recall(stances),
        }
    return made


def _span_figures(seen: Sequence[Observation]) -> dict[str, Any]:
    marked = [(o.spans or (), o.found) for o in seen if o.spans is not None]
    exact = sum((spans_exact(g, f) for g, f in marked), Counts())
    overlap = sum((spans_overlap(g, f) for g, f in marked), Counts())
    clean = [o for o in seen if o.clean]
    characters = sum(o.clean for o in clean)
    false = sum(len(o.found) for o in clean)
    return {
        "exact": exact.as_dict(),
        "overlap": overlap.as_dict(),
        "clean_characters": characters,
        "false_per_10k_clean_characters": 1e4 * false / characters if characters else None,
        "recall_by_label": _by_label(marked),
        "by_check_digit": _by_check(marked),
        "false_by_kind": _false_by_kind(marked),
    }


Spanned = Sequence[tuple[Sequence[Marked], Sequence[Marked]]]


def _by_label(marked: Spanned) -> dict[str, dict[str, Any]]:
    """A wrong finding counts against every label that it could be."""
    names = sorted({g.name for gold, _ in marked for g in gold})
    return {name: _of_labels(marked, {name}) for name in names}


def _by_check(marked: Spanned) -> dict[str, dict[str, Any]]:
    """Kinds with a check digit apart from the others."""
    names = {g.name for gold, _ in marked for g in gold}
    groups = {
        "check digit": {n for n in names if checked(n)},
        "other": {n for n in names if not checked(n)},
    }
    return {group: _of_labels(marked, of) for group, of in groups.items() if of}


def _of_labels(marked: Spanned, names: set[str]) -> dict[str, Any]:
    exact = overlap = Counts()
    for gold, predicted in marked:
        own = [g for g in gold if g.name in names]
        theirs = [f for f in predicted if any(accepts(n, f.name) for n in names)]
        exact += replace(spans_exact(own, theirs), fp=spans_exact(gold, theirs).fp)
        overlap += spans_overlap(own, theirs)
    return {
        "n": exact.tp + exact.fn,
        "exact": exact.recall,
        "overlap": overlap.recall,
        "precision": exact.precision,
        "f1": exact.f1,
    }


def _false_by_kind(marked: Spanned) -> dict[str, int]:
    """Findings that touch no span that accepts them."""
    wrong = (f.name for gold, predicted in marked for f in predicted if spans_overlap(gold, [f]).fp)
    return dict(Counter(wrong).most_common())
