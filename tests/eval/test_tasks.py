from __future__ import annotations

from typing import Any

import pytest
from threegate.eval.metrics import Marked
from threegate.eval.rows import Case
from threegate.eval.tasks import BY_NAME, Observation, Seen
from threegate.scan.item import LOCI, LineError, Role
from threegate.scan.scanner import Claim, ScanResult, Stance
from threegate.types import Finding, Level, Span

M = Level.MEDIUM
HERE = Span(0, 2)


def found(kind: str, level: Level = M, span: Span = HERE, score: float = 0.6) -> Finding:
    return Finding("d", kind, span, score, level, LOCI[Role.USER])


def observe(
    task: str,
    row: dict[str, Any],
    answer: ScanResult,
    labels: tuple[str, ...] = (),
    scores: dict[str, float] | None = None,
) -> list[Observation]:
    made = BY_NAME[task]
    case = Case(made.item_of(row), "s", "en", row)
    return list(made.observe(made, case, Seen(answer, scores or {}, frozenset(labels), M)))


def test_a_finding_below_the_level_says_nothing() -> None:
    row = {"text": "ab", "label": 1}
    for level, said in ((Level.LOW, False), (Level.MEDIUM, True), (Level.HIGH, True)):
        (o,) = observe("offensive", row, ScanResult((found("offensive", level),)))
        assert (o.gold, o.predicted) == (True, said)


def test_a_task_counts_its_own_family_only() -> None:
    (o,) = observe("hazard", {"text": "ab", "label": 0}, ScanResult((found("injection.direct"),)))
    assert not o.predicted
    (o,) = observe(
        "injection", {"text": "ab", "label": 0}, ScanResult((found("injection.signature"),))
    )
    assert o.predicted


def test_of_an_answer_compliance_counts_as_harm() -> None:
    answer = ScanResult((found("compliance.harmful"),))
    (o,) = observe("hazard", {"text": "ab", "label": 1, "role": "assistant"}, answer)
    assert o.predicted
    (o,) = observe("hazard", {"text": "ab", "label": 1}, answer)
    assert not o.predicted


def test_the_score_is_that_of_the_surest_head() -> None:
    scores = {"hazard.drugs": 0.2, "hazard.cyber": 0.3, "offensive": 0.9}
    (o,) = observe("hazard", {"text": "ab", "label": 0}, ScanResult(), scores=scores)
    assert o.score == 0.3
    (o,) = observe("secrets", {"text": "ab", "label": 0}, ScanResult())
    assert o.score is None


def test_spans_count_labels_of_the_task_and_of_the_source() -> None:
    row = {"text": "Ada a@b.co", "spans": [{"start": 0, "end": 3, "label": "PERSON"}]}
    answer = ScanResult(
        (found("pii.person", span=Span(0, 3)), found("pii.email", span=Span(4, 10)))
    )
    (o,) = observe("pii", row, answer, labels=("PERSON",))
    assert o.spans == (Marked(Span(0, 3), "PERSON"),)
    assert o.found == (Marked(Span(0, 3), "pii.person"),)
    (o,) = observe("pii", row, answer, labels=("PERSON", "EMAIL"))
    assert len(o.found) == 2
    (o,) = observe("secrets", row, answer, labels=("PERSON",))
    assert (o.gold, o.spans, o.clean) == (False, (), 10)


def test_spans_without_labels_are_a_text_with_a_label() -> None:
    (o,) = observe("secrets", {"text": "ab", "label": 1}, ScanResult((found("secret.aws"),)))
    assert (o.gold, o.predicted, o.spans) == (True, True, None)


def claim(stance: Stance, start: int = 0, end: int = 2, level: Level = Level.HIGH) -> Claim:
    return Claim(Span(start, end), stance, 0.8, level)


@pytest.mark.parametrize(
    ("label", "gold", "stance"),
    [
        ("supported", False, "supported"),
        ("refuted", True, "contradicted"),
        ("contradicted", True, "contradicted"),
        ("nei", True, "nei"),
        ("unsupported", True, None),
        ("partially_supported", True, None),
    ],
)
def test_claims(label: str, gold: bool, stance: str | None) -> None:
    row = {"context": "c", "claim": "ab", "label": label}
    (o,) = observe("grounding", row, ScanResult(claims=(claim(Stance.NEI),)))
    assert (o.gold, o.predicted) == (gold, True)
    assert o.stances == (None if stance is None else (stance, "nei"))
    (o,) = observe("grounding", row, ScanResult(claims=(claim(Stance.SUPPORTED),)))
    assert not o.predicted
    assert o.score == pytest.approx(0.2)


def test_sentences_of_an_answer() -> None:
    row = {
        "question": "q",
        "context": ["c"],
        "answer": "Sure. It is red. It is big.",
        "sentences": [
            {"text": "Sure.", "label": "no_claim"},
            {"text": "It is red.", "label": "supported"},
            {"text": "It is big.", "label": "nei"},
        ],
    }
    claims = (claim(Stance.SUPPORTED, 6, 16), claim(Stance.CONTRADICTED, 17, 27))
    idle, red, big = observe("grounding", row, ScanResult(claims=claims))
    assert (idle.aside, idle.gold, idle.predicted) == (True, False, False)
    assert (red.aside, red.gold, red.predicted) == (False, False, False)
    assert (big.gold, big.predicted, big.stances) == (True, True, ("nei", "contradicted"))


def test_a_sentence_that_nobody_judged_has_passed() -> None:
    row = {"context": [], "answer": "A b.", "sentences": [{"text": "A b.", "label": "nei"}]}
    (o,) = observe("grounding", row, ScanResult())
    assert (o.gold, o.predicted) == (True, False)


@pytest.mark.parametrize(
    ("task", "row"),
    [
        ("pii", {"spans": []}),
        ("pii", {"text": "a"}),
        ("injection", {"text": "a"}),
        ("grounding", {"context": "c", "label": "nei"}),
        ("grounding", {"context": "c", "claim": "a", "label": "odd"}),
        ("grounding", {"context": 1, "claim": "a", "label": "nei"}),
        ("grounding", {"sentences": []}),
    ],
)
def test_rows_that_say_nothing(task: str, row: dict[str, Any]) -> None:
    with pytest.raises(LineError):
        BY_NAME[task].item_of(row)


def test_compliance_is_of_answers() -> None:
    assert BY_NAME["compliance"].item_of({"text": "a", "label": 1}).role is Role.ASSISTANT
    reasoning = {"text": "a", "label": 1, "role": "reasoning", "prompt": "q"}
    item = BY_NAME["compliance"].item_of(reasoning)
    assert (item.role, item.prompt) == (Role.REASONING, "q")
