from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate_classifiers.calibrate import (
    activate,
    below_levels,
    calibrated,
    language_of,
    level_of,
    score_below,
)
from threegate_classifiers.manifest import Activation, Manifest, Platt, Task


def manifest(activation: Activation = Activation.SIGMOID) -> Manifest:
    return Manifest(
        "m", "1", Task.CLASSIFY, "MIT", (), ("a", "b"), activation, 64, 0,
        calibration={("a", "zh"): Platt(2.0, 1.0)},
        levels={("a", "zh"): (0.2, 0.6, 0.9)},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("123 !?", "en"),
        ("hello", "en"),
        ("你好", "zh"),
        ("请用 Python 写一个 quicksort", "zh"),
        ("Translate the following sentence into English, please: 你好", "en"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert language_of(text) == language


@given(st.lists(st.floats(-80, 80, width=32), min_size=2, max_size=6))
def test_activations_are_probabilities(logits: list[float]) -> None:
    values = np.array(logits, np.float32)
    soft = activate(manifest(Activation.SOFTMAX), values)
    assert soft.sum() == pytest.approx(1)
    sigmoid = activate(manifest(), values)
    assert ((sigmoid >= 0) & (sigmoid <= 1)).all()
    assert (np.argsort(sigmoid, kind="stable") == np.argsort(values, kind="stable")).all() or (
        np.unique(sigmoid).size < np.unique(values).size
    )


@given(st.floats(-12, 12))
def test_platt_is_on_the_logit(logit: float) -> None:
    probability = float(activate(manifest(), np.array([logit], np.float32))[0])
    expected = 1 / (1 + np.exp(-(2 * logit + 1)))
    assert calibrated(manifest(), "a", probability, "zh") == pytest.approx(expected, abs=1e-4)
    assert calibrated(manifest(), "a", probability, "en") == probability


@pytest.mark.parametrize(
    ("score", "level"), [(0.19, 0), (0.2, 1), (0.59, 1), (0.6, 2), (0.9, 3), (1.0, 3)]
)
def test_levels(score: float, level: int) -> None:
    assert level_of(manifest(), "a", score, "zh") == level


def test_default_levels() -> None:
    assert [level_of(manifest(), "b", s, "zh") for s in (0.2, 0.3, 0.5, 0.8)] == [0, 1, 2, 3]


@given(st.floats(-8, 6))
def test_how_far_a_score_lies_below_the_lowest_level(logit: float) -> None:
    """In logits of the model, whatever the calibration makes of them."""
    given_by = float(activate(manifest(), np.array([logit], np.float32))[0])
    lowest = (np.log(0.2 / 0.8) - 1) / 2
    score = calibrated(manifest(), "a", given_by, "zh")
    assert below_levels(manifest(), "a", score, "zh") == pytest.approx(lowest - logit, abs=0.01)
    lowest = np.log(0.3 / 0.7)
    assert below_levels(manifest(), "b", given_by, "en") == pytest.approx(lowest - logit, abs=0.01)


@pytest.mark.parametrize(("label", "language"), [("a", "zh"), ("b", "en")])
def test_a_score_of_the_model_that_lies_so_far_below(label: str, language: str) -> None:
    own = score_below(manifest(), label, 2.5, language)
    score = calibrated(manifest(), label, own, language)
    assert below_levels(manifest(), label, score, language) == pytest.approx(2.5)
