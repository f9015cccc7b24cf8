from __future__ import annotations

import pytest
from threegate.console.kind_samples import (
    example_of,
    found_in_examples,
    samples_of,
    spoken_examples,
)
from threegate.detectors.registry import kinds, scanner
from threegate.policy.kinds import KIND_INFOS
from threegate.types import Channel, Layer, Passage, TextLocation

PLACE = TextLocation(Layer.INPUT, Channel.USER)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_has_an_example(language: str) -> None:
    assert [i.kind for i in KIND_INFOS if not example_of(i.kind, language)] == []


def test_examples_of_numbers_are_found() -> None:
    """Those of models are judged by the models' own tests."""
    scan, served = scanner().scan, set(kinds())
    for kind, text in spoken_examples().items():
        if kind in served:
            for said in (text.zh, text.en):
                assert kind in {f.kind for f in scan(Passage(PLACE, said)).findings}, said


def test_no_example_is_written_twice() -> None:
    assert set(spoken_examples()) & set(found_in_examples()) == set()
    assert set(spoken_examples()) <= {i.kind for i in KIND_INFOS}


def test_a_family_shows_what_is_below_it() -> None:
    (sample, *_) = samples_of("pii.cn", "en")
    assert sample.values[0] in sample.text
    assert example_of("hazard", "en") == spoken_examples()["hazard.violence"].en
    assert samples_of("list.mine", "en") == ()
