"""What a caller has left, in the names of the OpenAI API."""

from __future__ import annotations

from threegate.gateway.access.rate_headers import rate_headers
from threegate.limits.store import Allowance


def test_the_one_with_the_least_left_is_reported() -> None:
    wide, narrow = (
        Allowance("requests", 100, 50, 60.0),
        Allowance("requests", 10, 3, 12.2),
    )
    expected = {
        "x-ratelimit-limit-requests": "10",
        "x-ratelimit-remaining-requests": "3",
        "x-ratelimit-reset-requests": "13s",
    }
    assert rate_headers([wide, narrow]) == rate_headers([narrow, wide]) == expected


def test_nothing_is_less_than_nothing() -> None:
    spent = rate_headers([Allowance("tokens", 10, -5, 1)])
    assert spent["x-ratelimit-remaining-tokens"] == "0"
    assert rate_headers([]) == {}
