from __future__ import annotations

from typing import Any

import pytest
from threegate.eval.claims import (
    TASK,
    VERDICTS,
    Figures,
    NumbersAlone,
    Way,
    pooled,
    tables,
    with_sources,
)
from threegate.eval.rows import Case, Read
from threegate.eval.tasks import Seen
from threegate.scan.item import LOCI, LineError, Role
from threegate.scan.scanner import Claim, ScanResult, Stance
from threegate.types import Level, Passage, Source, Span

ROW = {
    "answer": "Sure. It is red. It is big. It is old.",
    "context": ["c", "d"],
    "sentences": [
        {"text": "Sure.", "label": "no_claim"},
        {"text": "It is red.", "label": "supported"},
        {"text": "It is big.", "label": "nei"},
        {"text": "It is old.", "label": "contradicted"},
    ],
}


def case(row: dict[str, Any] = ROW, language: str = "en") -> Case:
    return Case(TASK.item_of(row), "s", language, row)


def test_every_sentence_has_its_label_and_the_verdict_on_it() -> None:
    claims = (
        Claim(Span(6, 16), Stance.SUPPORTED, 0.9, Level.HIGH),
        Claim(Span(17, 27), Stance.CONTRADICTED, 0.6, Level.LOW),
        Claim(Span(28, 38), Stance.CONTRADICTED, 0.9, Level.HIGH),
    )
    seen = Seen(ScanResult(claims=claims), {}, frozenset(), Level.MEDIUM)
    found = list(TASK.observe(TASK, case(), seen))
    assert [o.stances for o in found] == [
        ("no_claim", "no_claim"),
        ("supported", "supported"),
        ("nei", "nei"),
        ("contradicted", "contradicted"),
    ]
    assert [(o.gold, o.predicted) for o in found] == [(False, False)] * 2 + [(True, True)] * 2


def test_a_row_without_sentences_is_refused() -> None:
    with pytest.raises(LineError):
        TASK.item_of({"answer": "x"})


def test_a_knowledge_base_holds_each_text_of_its_language_once() -> None:
    other = ROW | {"context": ["d", "e"]}
    pool = pooled([case(), case(other), case(ROW, "zh")])
    assert [s.text for s in pool["en"]] == ["c", "d", "e"]
    assert [s.text for s in pool["zh"]] == ["c", "d"]


def test_sources_are_exchanged_or_taken_away() -> None:
    rows = Read([case()])
    (given,) = with_sources(rows, {"en": (Source("0", "x"),)}).cases
    assert given.item.sources == (Source("0", "x"),)
    (bare,) = with_sources(rows, {}).cases
    assert bare.item.sources == ()


@pytest.mark.parametrize(
    ("claim", "kind"),
    [
        ("It costs 9 euros a month.", "claim.contradicted"),
        ("It costs 8 euros a month.", "claim.unsupported"),
        ("It is sold in Rome.", "claim.unsupported"),
    ],
)
async def test_numbers_alone(claim: str, kind: str) -> None:
    source = Source("0", "It costs 8 euros a month.")
    passage = Passage(LOCI[Role.ASSISTANT], claim, sources=(source,))
    assert (await NumbersAlone().check(passage)).kind == kind


async def test_numbers_without_a_source_say_nothing() -> None:
    passage = Passage(LOCI[Role.ASSISTANT], "It costs 9 euros.")
    assert (await NumbersAlone().check(passage)).kind == "claim.unsupported"


def test_figures_by_verdict() -> None:
    made = Figures()
    made.pairs[Way.OWN, "en"] = [
        ("supported", "supported"),
        ("contradicted", "supported"),
        ("nei", "nei"),
        ("no_claim", "nei"),
    ]
    (table,) = tables(made)
    assert (table["sources"], table["n"], table["accuracy"]) == ("own", 4, 0.5)
    assert tuple(table["verdicts"]) == VERDICTS
    assert table["verdicts"]["supported"] == pytest.approx(
        {"n": 1, "precision": 0.5, "recall": 1.0, "f1": 2 / 3}
    )
    assert table["verdicts"]["contradicted"]["recall"] == 0.0
    assert table["balanced_accuracy"] == 0.75
