from __future__ import annotations

from threegate.guard.stream.back_pressure import HIGH_WATER, LOW_WATER, BackPressure
from threegate.guard.stream.events import Pause, Resume


def test_reading_pauses_once_when_much_is_held_and_goes_on_once() -> None:
    pressure = BackPressure()
    held = (0, HIGH_WATER, HIGH_WATER + 1, HIGH_WATER + 9, LOW_WATER, LOW_WATER - 1, 0)
    told = [pressure.commands(each) for each in held]
    assert told == [[], [], [Pause()], [], [], [Resume()], []]


def test_between_the_bounds_nothing_is_told() -> None:
    between = (LOW_WATER, HIGH_WATER)
    pressure = BackPressure()
    assert [pressure.commands(each) for each in between] == [[], []]
    pressure.commands(HIGH_WATER + 1)
    assert [pressure.commands(each) for each in between] == [[], []]
    assert pressure.paused
