"""Where in a long text Presidio's national identifiers of digits may stand, told by arrays.

Presidio computes one check digit after the other, in Python. The arrays compute all of them at
once and leave out no place at which Presidio would find one; at what is left it decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from threegate.detectors.sieve import Ints, Mask, Sieve

Columns = Sequence[Ints]
"""The first digits of some identifiers, their second ones, and so on."""

_GAPS = 4
"""Single characters that group the digits of one identifier."""
WIDEST = 24
"""More characters than an identifier with its gaps and edges has."""


class Shape(NamedTuple):
    """`size` digits, of which so many stand before the first gap, and whether a check digit is
    right."""

    size: int
    grouped: int
    right: Callable[[Columns], Mask]


def places(sieve: Sieve, shape: Shape) -> list[int]:
    """Characters at which identifiers with a right check digit may begin."""
    last = shape.size - 1
    i = sieve.runs(shape.size, shape.grouped)
    i = i[i + last < len(sieve.at)]
    i = i[sieve.at[i + last] - sieve.at[i] <= last + _GAPS]
    digits = [sieve.digit[i + k].astype(np.int64) for k in range(shape.size)]
    found: list[int] = sieve.at[i[shape.right(digits)]].tolist()
    return found


def _sum(digits: Columns, weights: Iterable[int]) -> Ints:
    total: Ints = np.zeros(digits[0].shape, np.int64)
    for digit, weight in zip(digits, weights, strict=False):
        total += digit * weight
    return total


def _divides(modulus: int, weights: Iterable[int], less: int, digits: Columns) -> Mask:
    divides: Mask = (_sum(digits, weights) - less) % modulus == 0
    return divides


def _thai(digits: Columns) -> Mask:
    right: Mask = (11 - _sum(digits, range(13, 1, -1)) % 11) % 10 == digits[12]
    return right


def _turkish(digits: Columns) -> Mask:
    tenth = (_sum(digits, (7, -1, 7, -1, 7, -1, 7, -1, 7)) - digits[9]) % 10 == 0
    right: Mask = tenth & (_sum(digits, [1] * 10) % 10 == digits[10])
    return right


def _luhn(digits: Columns) -> Mask:
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]
    right: Mask = (_sum(doubled, [1] * 13) + _sum(digits[-1::-2], [1] * 13)) % 10 == 0
    return right


_STEP = np.array([1, 5, 7, 6, 2, 8, 3, 0, 9, 4])


def _verhoeff(digits: Columns) -> Mask:
    total = np.zeros_like(digits[0])
    for power, digit in enumerate(reversed(digits)):
        for _ in range(power % 8):
            digit = _STEP[digit]
        total = _DIHEDRAL[total, digit]
    right: Mask = total == 0
    return right


def _product(a: int, b: int) -> int:
    """In the group of a pentagon's turns (0 to 4) and reflections."""
    turned = (a + b) % 5 if a < 5 else (a - b) % 5
    return turned + 5 * ((a < 5) != (b < 5))


_DIHEDRAL = np.array([[_product(a, b) for b in range(10)] for a in range(10)])

_AUSTRALIAN = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
SHAPES: Mapping[str, Shape] = {
    "AU_ABN": Shape(11, 2, partial(_divides, 89, _AUSTRALIAN, 10)),
    "AU_ACN": Shape(9, 3, partial(_divides, 10, (*range(8, 0, -1), 1), 0)),
    "AU_MEDICARE": Shape(10, 4, partial(_divides, 10, (1, 3, 7, 9, 1, 3, 7, 9, -1), 0)),
    "AU_TFN": Shape(9, 3, partial(_divides, 11, (1, 4, 3, 7, 5, 8, 6, 9, 10), 0)),
    "IN_AADHAAR": Shape(12, 4, _verhoeff),
    "PL_PESEL": Shape(11, 6, partial(_divides, 10, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 0)),
    "TH_TNIN": Shape(13, 1, _thai),
    "TR_NATIONAL_ID": Shape(11, 3, _turkish),
    "ZA_ID_NUMBER": Shape(13, 6, _luhn),
}
