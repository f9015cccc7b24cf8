"""What all made-up values are drawn with: digits, letters, days, and check digits that many share.

Written from the standards, without the recognizers' code: what both get wrong is not the same.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

Make = Callable[[Random], str]


def digits(rng: Random, count: int) -> str:
    return "".join(rng.choices(string.digits, k=count))


def number(rng: Random, count: int) -> str:
    """No leading zero."""
    return rng.choice("123456789") + digits(rng, count - 1)


def letters(rng: Random, count: int, of: str = string.ascii_uppercase) -> str:
    return "".join(rng.choices(of, k=count))


def day(rng: Random) -> date:
    return date(1950, 1, 1) + timedelta(days=rng.randrange(20_000))


def fitting(make: Make, fits: Callable[[str], bool]) -> Make:
    """Draws until it fits: for check digits that need no formula of their own."""

    def drawn(rng: Random) -> str:
        while not fits(value := make(rng)):
            pass
        return value

    return drawn


def weighted(value: str, weights: tuple[int, ...]) -> int:
    return sum(int(d) * w for d, w in zip(value, weights, strict=False))


def luhn_sum(value: str) -> int:
    total = 0
    for place, char in enumerate(reversed(value)):
        doubled = int(char) * (2 if place % 2 else 1)
        total += doubled // 10 + doubled % 10
    return total


def with_luhn(body: str) -> str:
    return body + str(-luhn_sum(body + "0") % 10)
