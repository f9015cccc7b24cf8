"""Identifiers of mainland China, Hong Kong, Macau and Taiwan, with right check digits.

Written from the standards, without the recognizers' code: what both get wrong is not the same.
"""

# ruff: noqa: E501 (a table reads better in long lines)
from __future__ import annotations

import string
from random import Random

from bench.made.draws import day, digits, letters, number, weighted, with_luhn

HAN_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
PLATE = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
AREAS = [
    "110101",
    "110105",
    "120102",
    "130102",
    "210203",
    "310115",
    "320106",
    "330108",
    "350102",
    "360103",
    "370202",
    "410105",
    "420106",
    "430104",
    "440305",
    "440106",
    "450103",
    "500112",
    "510104",
    "520103",
    "530102",
    "610113",
    "620102",
    "650104",
]


def mod_11_2(body: str) -> str:
    """ISO 7064 by its recursion, not by the table of weights."""
    rest = 0
    for char in body:
        rest = (rest + int(char)) * 2 % 11
    return "0123456789X"[(12 - rest) % 11]


def resident_id(rng: Random, area: str = "") -> str:
    body = (area or rng.choice(AREAS)) + day(rng).strftime("%Y%m%d") + digits(rng, 3)
    return body + mod_11_2(body)


def residence_permit(rng: Random) -> str:
    return resident_id(rng, rng.choice(("810000", "820000", "830000")))


def foreign_permit(rng: Random) -> str:
    return resident_id(rng, "9" + digits(rng, 5))


def foreign_permit_old(rng: Random) -> str:
    """Three letters of the country, twelve digits."""
    country = rng.choice(("USA", "GBR", "CAN", "DEU", "FRA", "JPN", "KOR", "AUS"))
    return country + digits(rng, 2) + digits(rng, 4) + day(rng).strftime("%y%m%d")


def resident_id_old(rng: Random) -> str:
    return rng.choice(AREAS) + day(rng).strftime("%y%m%d") + digits(rng, 3)


def credit_code(rng: Random) -> str:
    head = rng.choice(("91", "92", "93", "12", "51", "52", "N2", "A1"))
    body = head + rng.choice(AREAS) + letters(rng, 9, USCC)
    total = sum(USCC.index(c) * pow(3, i, 31) for i, c in enumerate(body))
    return body + USCC[-total % 31]


def bank_card(rng: Random) -> str:
    head, length = rng.choice(
        (
            ("622202", 19), ("622848", 19), ("621700", 19), ("621660", 19), ("623052", 19),
            ("625908", 16), ("622588", 16), ("4", 16), ("51", 16), ("55", 16), ("37", 15),
            ("3528", 16), ("6011", 16), ("2221", 16),
        )
    )  # fmt: skip
    return with_luhn(head + digits(rng, length - len(head) - 1))


def mobile(rng: Random) -> str:
    head = "130 131 135 136 137 138 139 147 150 151 155 158 166 170 173 177 178 180 186 188 189 191 198 199"
    return rng.choice(head.split()) + digits(rng, 8)


def landline(rng: Random) -> str:
    if rng.random() < 0.5:
        return (
            rng.choice(("010", "021", "022", "020", "024"))
            + "-"
            + rng.choice("5678")
            + digits(rng, 7)
        )
    return (
        "0"
        + rng.choice(("755", "571", "731", "512", "311"))
        + "-"
        + rng.choice("5678")
        + digits(rng, 6 + rng.randrange(2))
    )


def passport(rng: Random) -> str:
    if rng.random() < 0.6:
        return rng.choice("EG") + digits(rng, 8)
    return "E" + rng.choice("ABCDEFGHJK") + digits(rng, 7)


def home_permit(rng: Random) -> str:
    return rng.choice("HM") + digits(rng, rng.choice((8, 10)))


def taiwan_permit(rng: Random) -> str:
    return digits(rng, 8)


def travel_permit(rng: Random) -> str:
    return rng.choice("CWT") + rng.choice(("", rng.choice("ABCDEFG"))) + digits(rng, 7)


def military(rng: Random) -> str:
    if rng.random() < 0.5:
        return rng.choice("军南北沈空海政") + "字第" + digits(rng, rng.choice((6, 7, 8))) + "号"
    return rng.choice(("", letters(rng, 1))) + digits(rng, rng.choice((6, 7, 8)))


def plate(rng: Random) -> str:
    head = rng.choice(HAN_PROVINCES) + rng.choice("ABCDEFGHJK")
    return head + digits(rng, 1) + letters(rng, 2, PLATE) + digits(rng, 2)


def plate_electric(rng: Random) -> str:
    head = rng.choice(HAN_PROVINCES) + rng.choice("ABCDEFGHJK")
    return head + (
        rng.choice("DF") + rng.choice(PLATE) + digits(rng, 4)
        if rng.random() < 0.7
        else digits(rng, 5) + rng.choice("DF")
    )


def plate_special(rng: Random) -> str:
    head = rng.choice(HAN_PROVINCES) + rng.choice("ABCDEF")
    return head + digits(rng, 4) + rng.choice("学警挂港澳")


_VIN = {**{c: i + 1 for i, c in enumerate("ABCDEFGH")}, **{c: i + 1 for i, c in enumerate("JKLMN")}}
_VIN |= {"P": 7, "R": 9, **{c: i + 2 for i, c in enumerate("STUVWXYZ")}}
_VIN |= {c: int(c) for c in string.digits}


def vin(rng: Random) -> str:
    maker = rng.choice(("LSV", "LFV", "LVS", "LGX", "1HG", "5YJ", "1FA"))
    body = maker + letters(rng, 5, "ABCDEFGHJKLMNPRSTUVWXYZ0123456789") + "0"
    body += rng.choice("KLMNPR") + rng.choice("ABCDE0123") + number(rng, 6)
    weights = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
    rest = sum(_VIN[c] * w for c, w in zip(body, weights, strict=True)) % 11
    return body[:8] + "0123456789X"[rest] + body[9:]


def wechat(rng: Random) -> str:
    names = ("lihua", "xiaomei", "zhangwei", "tom", "sunny", "dafei", "wangxm", "linlin")
    middle = rng.choice(("_", "-", "", "88", "2020", "_cn_"))
    value = rng.choice(names) + middle + digits(rng, rng.randrange(2, 5))
    return value if len(value) >= 6 else value + "2023"


def qq(rng: Random) -> str:
    return number(rng, rng.randrange(6, 11))


def medical(rng: Random) -> str:
    return rng.choice(("", "ZY", "MZ", "BL", "M")) + number(rng, rng.randrange(7, 13))


def social(rng: Random) -> str:
    return rng.choice(("", "A", "B", "D")) + number(rng, rng.randrange(8, 11))


def hong_kong(rng: Random) -> str:
    head = rng.choice(("A", "C", "K", "R", "Y", "Z", "WX"))
    body = head + digits(rng, 6)
    values = [36] * (8 - len(body)) + [int(c, 36) for c in body]
    rest = sum(v * w for v, w in zip(values, range(9, 1, -1), strict=True)) % 11
    return f"{body}({'0A987654321'[rest]})"


def macau(rng: Random) -> str:
    return f"{rng.choice('157')}{digits(rng, 6)}({digits(rng, 1)})"


def taiwan(rng: Random) -> str:
    order = dict(zip("ABCDEFGHJKLMNPQRSTUVXYWZIO", range(10, 36), strict=True))
    head, body = rng.choice(list(order)), rng.choice("12") + digits(rng, 7)
    tens, ones = divmod(order[head], 10)
    total = tens + ones * 9 + weighted(body, (8, 7, 6, 5, 4, 3, 2, 1))
    return head + body + str(-total % 10)
