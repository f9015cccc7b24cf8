from __future__ import annotations

from datetime import UTC

import pytest
from threegate.console.local_time import SECOND_US, LocalTime, zone_of

SHANGHAI = LocalTime(zone_of("Asia/Shanghai"))
BERLIN = LocalTime(zone_of("Europe/Berlin"))
NOON = 1_796_040_000 * SECOND_US  # 2026-11-30 12:00 UTC


def test_times_are_those_of_the_zone() -> None:
    assert LocalTime().show(NOON) == "2026-11-30 12:00"
    assert SHANGHAI.show(NOON, "seconds") == "2026-11-30 20:00:00"
    assert SHANGHAI.show("2026-11-30T20:00:00+00:00", "day") == "2026-12-01"
    assert SHANGHAI.show("2026-11-30T20:00:00Z") == SHANGHAI.show("2026-11-30T20:00:00")
    assert SHANGHAI.show("") == ""


def test_what_is_typed_is_local_unless_it_names_an_offset() -> None:
    assert SHANGHAI.read("2026-11-30T20:00") == NOON
    assert SHANGHAI.read("2026-11-30T12:00Z") == NOON
    assert SHANGHAI.read(SHANGHAI.field(NOON)) == NOON
    day = BERLIN.read("2026-10-26") - BERLIN.read("2026-10-25")
    assert day == 25 * 3600 * SECOND_US  # the clocks go back


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "/etc", "Asia", "x" * 99])
def test_a_zone_that_is_unknown_is_utc(name: str) -> None:
    assert zone_of(name) is UTC


def test_the_zone_is_named_with_its_offset() -> None:
    assert SHANGHAI.title(NOON) == "Asia/Shanghai (UTC+08:00)"
    assert LocalTime().title(NOON) == "UTC"
