"""Against values that the standards or their issuers publish."""

from __future__ import annotations

from bench.made import draws


def test_check_digits_of_published_values() -> None:
    assert draws.with_luhn("411111111111111") == "4111111111111111"
