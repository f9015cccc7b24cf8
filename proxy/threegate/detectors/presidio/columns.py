"""Arithmetic of check digits by columns: each is an array, of the first characters of many
identifiers, of their second ones, and so on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from threegate.detectors.engine.digit_index import Ints, Mask

Columns = Sequence[Ints]
"""The first characters of some identifiers without what groups them, their second ones, and so on:
digits as they are, A as 10, Z as 35."""
Right = Callable[[Columns], Mask]

LETTERS, SIGN = 10, 36


def weighed(columns: Columns, weights: Iterable[int]) -> Ints:
    total: Ints = np.zeros(columns[0].shape, np.int64)
    for column, weight in zip(columns, weights, strict=False):
        total += column * weight
    return total


def divides(modulus: int, weights: Iterable[int], less: int, digits: Columns) -> Mask:
    divides: Mask = (weighed(digits, weights) - less) % modulus == 0
    return divides


def place_of(chars: str) -> Ints:
    """By character its place among these; -1: none."""
    places = np.full(36, -1)
    places[[int(c, 36) for c in chars]] = range(len(chars))
    return places


def lettered(chars: str, modulus: int, weights: Iterable[int], columns: Columns) -> Mask:
    """The last one is the character at the place that the sum of the others tells."""
    right: Mask = place_of(chars)[columns[-1]] == weighed(columns[:-1], weights) % modulus
    return right


def powers(count: int) -> list[int]:
    """Weights that make a number of its digits."""
    return [10**place for place in reversed(range(count))]


def never(columns: Columns) -> Mask:
    return np.zeros(columns[0].shape, np.bool_)


def is_day(month: Ints, day: Ints) -> Mask:
    """In a leap year; a number of a month that there is not has no days."""
    days = np.zeros(100, np.int64)
    days[1:13] = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    right: Mask = (day > 0) & (day <= days[month])
    return right


def two(columns: Columns, first: int) -> Ints:
    return columns[first] * 10 + columns[first + 1]


def cross(number: Ints) -> Ints:
    return number // 10 + number % 10


def luhn(digits: Columns) -> Mask:
    doubled = [cross(digit * 2) for digit in digits[-2::-2]]
    right: Mask = (weighed(doubled, [1] * 13) + weighed(digits[-1::-2], [1] * 13)) % 10 == 0
    return right


_STEP = np.array([1, 5, 7, 6, 2, 8, 3, 0, 9, 4])


def _product(a: int, b: int) -> int:
    """In the group of a pentagon's turns (0 to 4) and reflections."""
    turned = (a + b) % 5 if a < 5 else (a - b) % 5
    return turned + 5 * ((a < 5) != (b < 5))


_DIHEDRAL = np.array([[_product(a, b) for b in range(10)] for a in range(10)])


def verhoeff(digits: Columns) -> Mask:
    total = np.zeros_like(digits[0])
    for power, digit in enumerate(reversed(digits)):
        for _ in range(power % 8):
            digit = _STEP[digit]
        total = _DIHEDRAL[total, digit]
    right: Mask = total == 0
    return right
