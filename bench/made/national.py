"""Numbers that other countries give to people and companies, with right check digits.

Written from the standards, without the recognizers' code: what both get wrong is not the same.
"""

from __future__ import annotations

import string
from random import Random

from bench.made.draws import (
    day,
    digits,
    fitting,
    letters,
    luhn_sum,
    number,
    weighted,
    with_luhn,
)


def _abn(value: str) -> bool:
    return (weighted(value, (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) - 10) % 89 == 0


def _tfn(value: str) -> bool:
    return weighted(value, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def _acn(value: str) -> bool:
    return (weighted(value, (8, 7, 6, 5, 4, 3, 2, 1)) + int(value[8])) % 10 == 0


def _medicare(value: str) -> bool:
    return value[0] in "23456" and weighted(value, (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(value[8])


def _pesel(value: str) -> bool:
    return weighted(value, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def _turkish(value: str) -> bool:
    ds = list(map(int, value))
    odd, even = sum(ds[0:9:2]), sum(ds[1:8:2])
    return (odd * 7 - even) % 10 == ds[9] and sum(ds[:10]) % 10 == ds[10]


def _thai(value: str) -> bool:
    return (11 - weighted(value, tuple(range(13, 1, -1))) % 11) % 10 == int(value[12])


def aadhaar(rng: Random) -> str:
    """Verhoeff."""
    body = rng.choice("23456789") + digits(rng, 10)
    return next(body + d for d in string.digits if _verhoeff(body + d) == 0)


def _verhoeff(value: str) -> int:
    step = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    check = 0
    for place, char in enumerate(reversed(value)):
        digit = int(char)
        for _ in range(place % 8):
            digit = step[digit]
        check = _dihedral(check, digit)
    return check


def _dihedral(a: int, b: int) -> int:
    """The group of the pentagon: 0 to 4 turn, 5 to 9 turn over."""
    if a < 5:
        return (a + b) % 5 if b < 5 else (a + b) % 5 + 5
    return (a - b) % 5 + 5 if b < 5 else (a - b) % 5


def nif(rng: Random) -> str:
    body = number(rng, 8)
    return body + "TRWAGMYFPDXBNJZSQVHLCKE"[int(body) % 23]


def nie(rng: Random) -> str:
    head, body = rng.choice("XYZ"), digits(rng, 7)
    return head + body + "TRWAGMYFPDXBNJZSQVHLCKE"[int(str("XYZ".index(head)) + body) % 23]


def finnish(rng: Random) -> str:
    born, serial = day(rng).strftime("%d%m%y"), f"{rng.randrange(2, 900):03d}"
    return f"{born}-{serial}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(born + serial) % 31]}"


def nric(rng: Random) -> str:
    head, body = rng.choice("STFG"), digits(rng, 7)
    total = weighted(body, (2, 7, 6, 5, 4, 3, 2)) + (4 if head in "TG" else 0)
    return head + body + ("JZIHGFEDCBA" if head in "ST" else "XWUTRQPNMLK")[total % 11]


def personnummer(rng: Random) -> str:
    body = day(rng).strftime("%y%m%d") + digits(rng, 3)
    return body[:6] + "-" + with_luhn(body)[6:]


def south_african(rng: Random) -> str:
    return with_luhn(day(rng).strftime("%y%m%d") + digits(rng, 4) + "08")


def korean(rng: Random) -> str:
    body = (
        day(rng).strftime("%y%m%d")
        + rng.choice("12")
        + f"{rng.randrange(0, 95):02d}"
        + digits(rng, 3)
    )
    check = (11 - weighted(body, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10
    return f"{body[:6]}-{body[6:]}{check}"


def german_tax(rng: Random) -> str:
    """One digit twice, the rest once; ISO 7064 MOD 11,10."""
    ten = rng.sample(string.digits, 9)
    ten.insert(rng.randrange(1, 9), rng.choice(ten))
    if ten[0] == "0" or len(set(ten)) != 9:
        return german_tax(rng)
    product = 10
    for char in ten:
        product = ((int(char) + product) % 10 or 10) * 2 % 11
    return "".join(ten) + str((11 - product) % 10)


_ODD = dict(zip(string.digits + string.ascii_uppercase, (
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6,
    8, 12, 14, 16, 10, 22, 25, 24, 23,
), strict=True))  # fmt: skip


def fiscal_code(rng: Random) -> str:
    names = "".join(rng.choices("BCDFGHLMNPRSTV", k=6))
    body = f"{names}{rng.randrange(50, 99)}{rng.choice('ABCDEHLMPRST')}{rng.randrange(1, 28):02d}"
    body += rng.choice("AFHL") + f"{rng.randrange(100, 899)}"
    even = sum(int(c) if c.isdigit() else ord(c) - 65 for c in body[1::2])
    return body + string.ascii_uppercase[(sum(_ODD[c] for c in body[::2]) + even) % 26]


abn = fitting(lambda r: number(r, 11), _abn)
acn = fitting(lambda r: digits(r, 9), _acn)
tfn = fitting(lambda r: number(r, 9), _tfn)
medicare = fitting(lambda r: number(r, 10), _medicare)
pesel = fitting(
    lambda r: (
        f"{r.randrange(50, 99)}{r.randrange(1, 13):02d}{r.randrange(1, 29):02d}{digits(r, 5)}"
    ),
    _pesel,
)
turkish = fitting(lambda r: number(r, 11), _turkish)
thai = fitting(lambda r: r.choice("123458") + "10" + digits(r, 10), _thai)


def sin(rng: Random) -> str:
    value = with_luhn(rng.choice("1234567") + digits(rng, 7))
    return f"{value[:3]} {value[3:6]} {value[6:]}"


def itin(rng: Random) -> str:
    return f"9{digits(rng, 2)}-{rng.choice((70, 72, 75, 78, 80, 88, 90, 94))}-{digits(rng, 4)}"


def npi(rng: Random) -> str:
    body = rng.choice("12") + digits(rng, 8)
    return next(body + d for d in string.digits if luhn_sum("80840" + body + d) % 10 == 0)


def pan(rng: Random) -> str:
    return letters(rng, 3) + rng.choice("PCHF") + letters(rng, 1) + digits(rng, 4) + letters(rng, 1)


def american_passport(rng: Random) -> str:
    return rng.choice((number(rng, 9), rng.choice("AXY") + digits(rng, 8)))


def american_licence(rng: Random) -> str:
    return rng.choice(
        (letters(rng, 1) + digits(rng, 7), letters(rng, 1) + digits(rng, 12), number(rng, 9))
    )


def british_licence(rng: Random) -> str:
    name = letters(rng, 5)
    born = (
        f"{rng.randrange(5, 9)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}{digits(rng, 1)}"
    )
    return name + born + letters(rng, 2) + digits(rng, 1) + letters(rng, 2)


def bank_account(rng: Random) -> str:
    return number(rng, rng.choice((12, 15, 17, 18)))
