"""When an upstream may be asked: the breaker that calls drive, and the checks of its own."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Self

import pytest
from threegate.settings import UpstreamSettings
from threegate.upstream.health import MISSED, Health

SETTINGS = UpstreamSettings("http://127.0.0.1:9", failures=3, rest_s=60)


def health(told: list[bool] | None = None) -> Health:
    return Health(SETTINGS, (told if told is not None else []).append)


def fail(one: Health, times: int = SETTINGS.failures) -> None:
    for _ in range(times):
        one.begin()
        one.failed()


def rested(one: Health) -> None:
    """As if the rest were over."""
    one._storage.opened -= SETTINGS.rest_s


def test_failures_in_a_row_end_in_a_rest() -> None:
    told: list[bool] = []
    one = health(told)
    fail(one, 2)
    assert one.admits()
    fail(one, 1)
    assert not one.admits()
    assert not one.up
    assert 50 < one.retry_after_s <= 60
    assert told == [False]


class AnHourAgo(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls.fromtimestamp(datetime.now(UTC).timestamp() - 3600, tz)


def test_a_clock_that_is_set_back_prolongs_no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    one = health()
    fail(one)
    rested(one)
    for module in ("threegate.upstream.health", "pybreaker"):
        monkeypatch.setattr(f"{module}.datetime", AnHourAgo)
    assert one.admits()
    assert one.retry_after_s == 0


def test_a_success_in_between_begins_the_count_anew() -> None:
    one = health()
    for _ in range(4):
        fail(one, 2)
        one.succeeded()
    assert one.admits()


def test_after_the_rest_one_call_tries() -> None:
    told: list[bool] = []
    one = health(told)
    fail(one)
    rested(one)
    assert one.admits()
    assert one.begin()
    assert not one.admits()
    one.answered()
    assert one.admits()
    assert not one.begin()
    assert told == [False, True]


def test_a_try_that_fails_is_another_rest() -> None:
    one = health()
    fail(one)
    rested(one)
    one.begin()
    one.failed()
    one.tried()
    assert not one.admits()
    assert one.retry_after_s > 50


def test_a_try_whose_client_left_leaves_room_for_the_next() -> None:
    one = health()
    fail(one)
    rested(one)
    assert one.begin()
    one.tried()
    assert one.admits()


def test_what_late_calls_show_does_not_end_a_rest() -> None:
    one = health()
    fail(one)
    one.succeeded()
    one.answered()
    assert not one.admits()


def test_checks_take_it_out_and_bring_it_back() -> None:
    told: list[bool] = []
    one = health(told)
    for _ in range(MISSED - 1):
        one.checked(alive=False)
    assert one.admits()
    one.checked(alive=False)
    assert not one.admits()
    one.checked(alive=True)
    assert one.admits()
    assert told == [False, True]


def test_a_check_does_not_end_the_rest_that_calls_brought() -> None:
    one = health()
    fail(one)
    one.checked(alive=True)
    assert not one.admits()
