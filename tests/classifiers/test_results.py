from __future__ import annotations

import numpy as np
import pytest
from threegate_classifiers.manifest import Activation, Manifest, Task
from threegate_classifiers.results import Entity, entailment, entities, scores
from threegate_classifiers.tokenize import Row

BIO = ("O", "B-PERSON", "I-PERSON", "B-ORG", "I-ORG")


def manifest(task: Task, labels: tuple[str, ...], activation: Activation) -> Manifest:
    return Manifest("m", "1", task, "MIT", (), labels, activation, 32, 0)


def row(*offsets: tuple[int, int]) -> Row:
    size = len(offsets)
    return Row((1,) * size, (0,) * size, offsets, offsets[0][0], offsets[-1][1])


def tags(*names: str) -> np.ndarray:
    return np.array(
        [[9.0 if label == name else 0.0 for label in BIO] for name in names], np.float32
    )


def decode(text: str, rows: list[Row], logits: list[np.ndarray]) -> list[tuple[str, str]]:
    made = manifest(Task.TAG, BIO, Activation.SOFTMAX)
    found = entities(made, rows, logits, "en", text)
    assert all(e.level == 3 for e in found)
    return [(text[e.start : e.end], e.label) for e in found]


def test_best_window_wins() -> None:
    made = manifest(Task.CLASSIFY, ("a", "b"), Activation.SIGMOID)
    logits = [np.array([5, -5], np.float32), np.array([-5, 1], np.float32)]
    result = scores(made, [row((0, 4)), row((3, 9))], logits, "en")
    assert (result["a"].start, result["a"].end, result["a"].level) == (0, 4, 3)
    assert (result["b"].start, result["b"].end, result["b"].level) == (3, 9, 2)
    with pytest.raises(StopIteration):
        result["c"]


def test_entailment_takes_the_window_that_says_most() -> None:
    made = manifest(Task.ENTAIL, ("nei", "contradicted", "supported"), Activation.SOFTMAX)
    logits = [np.array([6, 0, 0], np.float32), np.array([0, 4, 1], np.float32)]
    result = entailment(made, [row((0, 4)), row((3, 9))], logits, "en")
    assert result.contradicted > 0.9
    assert result.levels == (0, 3, 0)


@pytest.mark.parametrize(
    ("text", "offsets", "names", "expected"),
    [
        (
            "Ada Lovelace met Bob",
            [(0, 3), (3, 12), (12, 16), (16, 20)],
            ["B-PERSON", "I-PERSON", "O", "B-PERSON"],
            [("Ada Lovelace", "PERSON"), ("Bob", "PERSON")],
        ),
        ("王明李红", [(0, 1), (1, 2), (2, 3), (3, 4)], ["B-PERSON", "I-PERSON"] * 2, [("王明", "PERSON"), ("李红", "PERSON")]),
        ("Al Acme", [(0, 2), (2, 7)], ["I-PERSON", "I-ORG"], [("Al", "PERSON"), ("Acme", "ORG")]),
        ("Lovelace", [(0, 4), (4, 8)], ["B-PERSON", "O"], [("Lovelace", "PERSON")]),
        ("nobody", [(0, 6)], ["O"], []),
    ],
)  # fmt: skip
def test_bio(
    text: str, offsets: list[tuple[int, int]], names: list[str], expected: list[tuple[str, str]]
) -> None:
    assert decode(text, [row(*offsets)], [tags(*names)]) == expected


def test_overlap_is_read_from_the_deeper_window() -> None:
    text = "a b c d e f"
    spans = [(i, i + 1) for i in range(0, 11, 2)]
    left, right = row(*spans[:4]), row(*spans[2:])
    tagged = [tags("O", "O", "B-ORG", "B-PERSON"), tags("B-PERSON", "O", "O", "O")]
    # tokens c and d are in both; c lies deeper in the left window, d in the right one
    assert decode(text, [left, right], tagged) == [("c", "ORG")]


def test_score_is_the_mean_probability() -> None:
    made = manifest(Task.TAG, BIO, Activation.SOFTMAX)
    logits = np.log(
        np.array([[0.2, 0.7, 0.1, 1e-9, 1e-9], [0.4, 0.1, 0.5, 1e-9, 1e-9]], np.float32)
    )
    (found,) = entities(made, [row((0, 1), (1, 2))], [logits], "en", "王明")
    assert found == Entity(0, 2, "PERSON", pytest.approx(0.7), 2)
