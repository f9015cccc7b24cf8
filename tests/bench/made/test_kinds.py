from __future__ import annotations

from random import Random

import pytest
from threegate.eval.labels import checked, is_known

from bench.made.kinds import KINDS, MadeKind


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: f"{k.label}-{k.key}")
def test_a_kind_is_labelled_in_both_languages_and_written_without_loss(kind: MadeKind) -> None:
    assert is_known(kind.label)
    assert kind.zh
    assert kind.en
    rng = Random(2)
    value = kind.make(rng)
    assert value
    assert all(write(rng, value) for write in kind.writings)


def test_enough_kinds_and_what_has_a_check_digit() -> None:
    assert len(KINDS) >= 30
    assert all(k.checked for k in KINDS if checked(k.label) and k.key not in _UNCHECKED)


_UNCHECKED = ("residence_permit", "id_no", "eth_address")
"""Old forms and Ethereum, whose checksum is a matter of case."""
