"""Check digits of identity and tax numbers of more countries, over a row of digits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import mul

from threegate import checksums

Digits = Sequence[int]
Check = Callable[[Digits], bool]


def _sum(digits: Digits, weights: Sequence[int]) -> int:
    return sum(map(mul, digits, weights))


def _number(digits: Digits) -> int:
    return int("".join(map(str, digits)))


def varied(digits: Digits) -> bool:
    """For numbers without a check digit: rejects examples that repeat one or two digits."""
    return len(set(digits)) > 2


def weighted(modulus: int, *weights: int) -> Check:
    """The weighted sum leaves no remainder."""
    return lambda digits: _sum(digits, weights) % modulus == 0


def modulo_11(*weights: int) -> Check:
    """The last digit makes the sum a multiple of eleven; ten and eleven are written 0."""
    return lambda digits: (11 - _sum(digits, weights) % 11) % 11 % 10 == digits[-1]


def remainder_11(*weights: int) -> Check:
    """The last digit is the remainder modulo eleven; ten is written 0."""
    return lambda digits: _sum(digits, weights) % 11 % 10 == digits[-1]


def french(digits: Digits) -> bool:
    return 97 - _number(digits[:13]) % 97 == _number(digits[13:])


def belgian(digits: Digits) -> bool:
    """For people born in 2000 or later, a 2 is put before the number."""
    number, check = _number(digits[:9]), _number(digits[9:])
    return check in (97 - number % 97, 97 - (2 * 10**9 + number) % 97)


def norwegian(digits: Digits) -> bool:
    first = weighted(11, 3, 7, 6, 1, 8, 9, 4, 5, 2, 1)(digits)
    return first and weighted(11, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)(digits)


def born_day_first(digits: Digits) -> bool:
    return 1 <= _number(digits[:2]) <= 31 and 1 <= _number(digits[2:4]) <= 12


def born_year_first(digits: Digits) -> bool:
    return 1 <= _number(digits[2:4]) <= 12 and 1 <= _number(digits[4:6]) <= 31


def czech(digits: Digits) -> bool:
    """For women, months count from 51."""
    return 1 <= _number(digits[2:4]) % 50 <= 32 and _number(digits) % 11 in (0, 10)


def baltic(digits: Digits) -> bool:
    """Estonia and Lithuania."""
    first = _sum(digits, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    second = _sum(digits, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return (second if first == 10 else first) == digits[10]


def brazilian(digits: Digits) -> bool:
    """CPF of eleven, CNPJ of fourteen digits: two check digits, the second over the first."""
    size = len(digits)
    most = 8 if size == 14 else size

    def fits(end: int) -> bool:
        rest = _sum(digits, [2 + place % most for place in range(end - 1, -1, -1)]) % 11
        return (0 if rest < 2 else 11 - rest) == digits[end]

    return varied(digits) and fits(size - 2) and fits(size - 1)


def japanese(digits: Digits) -> bool:
    rest = _sum(digits, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return (0 if rest <= 1 else 11 - rest) == digits[11]


def indonesian(digits: Digits) -> bool:
    """A province, then day of birth (for women from 41) and month."""
    day = _number(digits[6:8]) % 40
    return 11 <= _number(digits[:2]) <= 96 and 1 <= day <= 31 and 1 <= _number(digits[8:10]) <= 12


def russian_insurance(digits: Digits) -> bool:
    return _sum(digits, range(9, 0, -1)) % 101 % 100 == _number(digits[9:])


def russian_tax(digits: Digits) -> bool:
    tens = (2, 4, 10, 3, 5, 9, 4, 6, 8)
    if len(digits) == 10:
        return remainder_11(*tens)(digits)
    return remainder_11(7, *tens)(digits[:11]) and remainder_11(3, 7, *tens)(digits)


def luhn(digits: Digits) -> bool:
    return checksums.luhn("".join(map(str, digits)))
