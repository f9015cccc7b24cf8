"""How long text was held: of each release, its oldest character."""

from __future__ import annotations

from threegate.gateway.telemetry.hold_timer import BATCH, HoldTimer


def test_a_release_tells_of_its_oldest_character() -> None:
    told: list[float] = []
    now = [0.0]
    held = HoldTimer(told.extend, lambda: now[0])
    held.received(5)
    now[0] = 1.0
    held.received(8)
    now[0] = 3.0
    held.released(4)
    held.released(7)
    now[0] = 3.5
    held.released(8)
    held.released(8)
    held.flush()
    assert told == [3.0, 2.5]


def test_of_a_long_text_releases_are_told_as_it_goes_on() -> None:
    told: list[float] = []
    held = HoldTimer(told.extend, lambda: 0.0)
    for end in range(1, BATCH + 2):
        held.received(end)
        held.released(end)
    assert told == [0.0] * BATCH
    held.flush()
    held.flush()
    assert told == [0.0] * (BATCH + 1)
