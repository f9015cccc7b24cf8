from __future__ import annotations

import asyncio
from typing import Any

from threegate.eval.metrics import Marked
from threegate.eval.rows import Case, Read
from threegate.eval.run import evaluate, labels_by_source, tables, unknown_labels
from threegate.eval.tasks import BY_NAME, Observation
from threegate.scan.open import scanner
from threegate.types import Level, Span


def case(source: str, *labels: str) -> Case:
    spans = [{"start": 0, "end": 1, "label": label} for label in labels]
    row: dict[str, Any] = {"text": "a", "spans": spans}
    return Case(BY_NAME["pii"].item_of(row), source, "en", row)


def test_labels_of_each_source() -> None:
    cases = [case("a", "PERSON"), case("a"), case("b", "ODD", "ORG")]
    assert labels_by_source(cases) == {"a": {"PERSON"}, "b": {"ODD", "ORG"}}
    assert unknown_labels(cases) == ["ODD"]


def seen(source: str, language: str, gold: bool, said: bool, **more: Any) -> Observation:
    return Observation(source, language, gold, said, **more)


def test_tables_per_source_language_and_together() -> None:
    made = tables(
        [seen("a", "zh", True, True), seen("a", "en", True, False), seen("b", "en", False, False)]
    )
    rows = [(t["source"], t["language"], t["n"]) for t in made]
    assert rows == [
        ("a", "en", 1),
        ("a", "zh", 1),
        ("b", "en", 1),
        ("all", "en", 2),
        ("all", "zh", 1),
        ("all", "all", 3),
    ]
    assert made[-1]["accuracy"] == 2 / 3


def test_what_stands_aside_is_in_no_total() -> None:
    made = tables(
        [seen("a", "en", True, True), seen("a (no claim)", "en", False, True, aside=True)]
    )
    assert [(t["source"], t["n"]) for t in made] == [("a", 1), ("a (no claim)", 1), ("all", 1)]


def test_span_figures() -> None:
    gold, right = (Marked(Span(0, 3), "PERSON"),), (Marked(Span(0, 3), "pii.person"),)
    wrong = (Marked(Span(5, 6), "pii.org"),)
    (table,) = tables(
        [
            seen("a", "en", True, True, spans=gold, found=right),
            seen("a", "en", False, True, spans=(), found=wrong, clean=2_000),
        ]
    )
    spans = table["spans"]
    assert spans["exact"] == {"n": 1, "precision": 0.5, "recall": 1.0, "f1": 2 / 3}
    assert spans["false_per_10k_clean_characters"] == 5.0
    person = {"n": 1, "exact": 1.0, "overlap": 1.0, "precision": 1.0, "f1": 1.0}
    assert spans["recall_by_label"] == {"PERSON": person}
    assert spans["by_check_digit"] == {"other": person}
    assert spans["false_by_kind"] == {"pii.org": 1}


def test_evaluate_asks_the_real_detectors() -> None:
    rows = [
        {"text": "mail a.b@example-corp.com", "spans": [{"start": 5, "end": 25, "label": "EMAIL"}]},
        {"text": "mail nobody", "spans": []},
    ]
    task = BY_NAME["pii"]
    read = Read([Case(task.item_of(r), "s", "en", r) for r in rows])
    with scanner(None, task.kinds) as made:
        result = asyncio.run(evaluate(task, read, made, Level.MEDIUM, lambda: None))
    assert [(o.gold, o.predicted) for o in result.observations] == [(True, True), (False, False)]
    assert result.observations[0].found == (Marked(Span(5, 25), "pii.email"),)
