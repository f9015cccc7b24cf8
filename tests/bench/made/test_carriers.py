from __future__ import annotations

from random import Random

from bench.made.carriers import BARE_EN, BARE_ZH, EN, ZH, carrier


def test_every_frame_holds_the_value_once() -> None:
    for frame in (*ZH, *EN, *BARE_ZH, *BARE_EN):
        assert frame.text.format(l="label", k="key", v="#").count("#") - frame.text.count("#") == 1
    assert {f.form for f in (*ZH, *EN)} == {"prose", "chat", "table", "json", "code"}


def test_a_language_has_its_own_frames() -> None:
    rng = Random(3)
    assert all(carrier(rng, "en", bare=False) in EN for _ in range(50))
    assert {carrier(rng, "mixed", bare=False) in EN for _ in range(50)} == {True, False}
