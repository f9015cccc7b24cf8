"""Check digits of identity and tax numbers of more countries, of many numbers at once: a row of
digits each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from threegate.detectors.engine.digit_index import Ints, Mask

Check = Callable[[Ints], Mask]


def _sum(digits: Ints, weights: Sequence[int]) -> Ints:
    total: Ints = digits[:, : len(weights)] @ np.array(weights)
    return total


def _number(digits: Ints) -> Ints:
    return _sum(digits, [10**place for place in range(digits.shape[1] - 1, -1, -1)])


def _between(number: Ints, least: int, most: int) -> Mask:
    between: Mask = (number >= least) & (number <= most)
    return between


def varied(digits: Ints) -> Mask:
    """Of numbers without a check digit: no example of one or two digits over and over."""
    ordered = np.sort(digits, axis=1)
    told: Mask = (np.diff(ordered, axis=1) > 0).sum(1) > 1
    return told


def weighted(modulus: int, *weights: int) -> Check:
    """The sum leaves no rest."""
    return lambda digits: _sum(digits, weights) % modulus == 0


def modulo_11(*weights: int) -> Check:
    """The last digit makes the sum a multiple of eleven; ten and eleven are written 0."""
    return lambda digits: (11 - _sum(digits, weights) % 11) % 11 % 10 == digits[:, -1]


def remainder_11(*weights: int) -> Check:
    """The last digit is the rest by eleven, ten is written 0."""
    return lambda digits: _sum(digits, weights) % 11 % 10 == digits[:, -1]


def french(digits: Ints) -> Mask:
    told: Mask = 97 - _number(digits[:, :13]) % 97 == _number(digits[:, 13:])
    return told


def belgian(digits: Ints) -> Mask:
    """Of those born from 2000 on a 2 is put before the number."""
    number, told = _number(digits[:, :9]), _number(digits[:, 9:])
    right: Mask = (97 - number % 97 == told) | (97 - (2 * 10**9 + number) % 97 == told)
    return right


def norwegian(digits: Ints) -> Mask:
    first = weighted(11, 3, 7, 6, 1, 8, 9, 4, 5, 2, 1)(digits)
    return first & weighted(11, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)(digits)


def born_day_first(digits: Ints) -> Mask:
    return _between(_number(digits[:, :2]), 1, 31) & _between(_number(digits[:, 2:4]), 1, 12)


def born_year_first(digits: Ints) -> Mask:
    return _between(_number(digits[:, 2:4]), 1, 12) & _between(_number(digits[:, 4:6]), 1, 31)


def czech(digits: Ints) -> Mask:
    """The months of women count from 51."""
    month = _number(digits[:, 2:4]) % 50
    return _between(month, 1, 32) & np.isin(_number(digits) % 11, (0, 10))


def baltic(digits: Ints) -> Mask:
    """Estonia and Lithuania."""
    first = _sum(digits, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    second = _sum(digits, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    told: Mask = np.where(first == 10, second, first) == digits[:, 10]
    return told


def brazilian(digits: Ints) -> Mask:
    """CPF of eleven, CNPJ of fourteen digits: two check digits, the second over the first."""
    size = digits.shape[1]
    most = 8 if size == 14 else size
    right = varied(digits)
    for end in (size - 2, size - 1):
        rest = _sum(digits, [2 + place % most for place in range(end - 1, -1, -1)]) % 11
        right &= np.where(rest < 2, 0, 11 - rest) == digits[:, end]
    return right


def japanese(digits: Ints) -> Mask:
    rest = _sum(digits, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    told: Mask = np.where(rest <= 1, 0, 11 - rest) == digits[:, 11]
    return told


def indonesian(digits: Ints) -> Mask:
    """A province, then the day (of women from 41) and the month of birth."""
    day = _number(digits[:, 6:8]) % 40
    place = _between(_number(digits[:, :2]), 11, 96)
    return place & _between(day, 1, 31) & _between(_number(digits[:, 8:10]), 1, 12)


def russian_insurance(digits: Ints) -> Mask:
    told: Mask = _sum(digits, range(9, 0, -1)) % 101 % 100 == _number(digits[:, 9:])
    return told


def russian_tax(digits: Ints) -> Mask:
    tens = (2, 4, 10, 3, 5, 9, 4, 6, 8)
    if digits.shape[1] == 10:
        return remainder_11(*tens)(digits)
    return remainder_11(7, *tens)(digits[:, :11]) & remainder_11(3, 7, *tens)(digits)


def luhn(digits: Ints) -> Mask:
    doubled = np.array((0, 2, 4, 6, 8, 1, 3, 5, 7, 9))
    total = digits[:, -1::-2].sum(1) + doubled[digits[:, -2::-2]].sum(1)
    told: Mask = total % 10 == 0
    return told
