"""Values are valid, harmless twins are not, and both come again from the same seed."""

from __future__ import annotations

from threegate.testing.attacks.values import CARD, MOBILE, RESIDENT, orders, twins, values
from threegate.types import Channel, Layer, Level, Passage, TextLocation

from tests.detectors.test_disguised_values import SUITE

WHERE = TextLocation(Layer.INPUT, Channel.USER)
KINDS = frozenset({"pii.cn", "pii.bank_card"})


def kinds(text: str) -> set[str]:
    """Of findings that a rule acts on: a number that fails its check digit is found at low."""
    found = SUITE.patterns.scan_whole(Passage(WHERE, text), KINDS).findings
    return {f.kind for f in found if f.level >= Level.MEDIUM}


def test_every_value_is_found_in_plain() -> None:
    made = values(60, 1)
    assert {s.kind for s in made} == {MOBILE, RESIDENT, CARD}
    assert [s for s in made if s.kind not in kinds(s.frame.format(s.hidden))] == []


def test_no_twin_is_found() -> None:
    assert [s for s in twins(60, 1) if kinds(s.frame.format(s.hidden))] == []


def test_a_seed_decides_everything() -> None:
    for made in (values, orders, twins):
        assert made(20, 3) == made(20, 3)
        assert made(20, 3) != made(20, 4)
        assert {s.language for s in made(20, 3)} == {"zh", "en"}
