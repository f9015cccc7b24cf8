"""Inputs that once crashed a target, and a few new ones of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
FILES = sorted(CORPUS.glob("*/*"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.name}")
def test_what_crashed_once_does_not_crash_again(path: Path) -> None:
    TARGETS[path.parent.name].run(path.read_bytes())


def test_every_folder_of_the_corpus_has_its_target() -> None:
    assert {path.parent.name for path in FILES} <= set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_some_new_inputs(name: str) -> None:
    @settings(max_examples=15)
    @given(TARGETS[name].inputs)
    def run(data: bytes) -> None:
        TARGETS[name].run(data)

    run()
