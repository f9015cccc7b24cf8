from __future__ import annotations

from random import Random

from bench.made import world


def test_drawn_values_have_the_form_of_their_kind() -> None:
    rng = Random(1)
    assert all(world.bitcoin(rng)[0] in "13T" for _ in range(50))
