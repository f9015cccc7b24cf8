"""Signatures are data: every file loads, and each finds its true examples and no false one."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from threegate.detectors.injection import signature_loader
from threegate.detectors.injection.detector import MAX_MATCH, folded, occurrences
from threegate.detectors.injection.signature_loader import FILES, INPUT, Signature, load_all

SIGNATURES = load_all()


def occurs(signature: Signature, text: str) -> bool:
    text = folded(text)
    return any(occurrences(text, text.encode(), signature))


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda s: s.note)
def test_a_signature_finds_its_true_examples_and_no_false_one(signature: Signature) -> None:
    assert signature.true
    assert signature.false
    assert signature.channels <= INPUT
    for text in signature.true:
        assert occurs(signature, text), text
    for text in signature.false:
        assert not occurs(signature, text), text


def test_every_file_is_loaded_once() -> None:
    folder = Path(signature_loader.__file__).parent / "signatures"
    assert sorted(path.stem for path in folder.glob("*.toml")) == sorted(FILES)
    assert len(SIGNATURES) > 50


def test_no_example_is_longer_than_a_match_may_be() -> None:
    for signature, kind in product(SIGNATURES, ("true", "false")):
        assert all(len(text) < MAX_MATCH for text in getattr(signature, kind))
