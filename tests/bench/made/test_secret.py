from __future__ import annotations

from random import Random

from bench.made import secret


def test_at_least_150_shapes_of_providers() -> None:
    assert len({*secret.SHAPES, *secret.NAMED}) >= 150


def test_a_row_holds_its_value() -> None:
    for number in range(300):
        text, value = secret.row(Random(number), number, ("zh", "en", "mixed")[number % 3])
        assert text.count(value) == 1


def test_a_shape_is_drawn_by_its_alphabets() -> None:
    assert len(secret.drawn(Random(1), "ghp_<a36>")) == 40
    assert set(secret.drawn(Random(1), "<d9>")) <= set("0123456789")
