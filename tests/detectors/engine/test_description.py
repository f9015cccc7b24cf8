from __future__ import annotations

import pytest
from threegate.detectors.base import Example
from threegate.detectors.engine.description import described, examples_of, ids
from threegate.detectors.registry import DETECTORS


def test_every_description_is_of_a_recognizer() -> None:
    others = {"injection_signatures", "links", "code"}
    assert ids() - others <= {r.info.id for r in DETECTORS}


def test_a_recognizer_without_a_description_is_an_error() -> None:
    with pytest.raises(KeyError, match="unheard_of"):
        described("unheard_of", ("pii.phone",), lambda view: iter(()))


def test_true_examples_come_before_false_ones_and_are_filled() -> None:
    entry = {"false": ["b"], "true": [{"text": "a 1", "values": ["1"]}]}
    filled = examples_of(entry, lambda text: text.replace("1", "2"))
    assert filled == (Example("a 2", ("2",)), Example("b"))
