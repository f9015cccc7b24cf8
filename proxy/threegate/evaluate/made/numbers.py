"""Identifiers with right check digits, drawn from a seeded generator.

Written from the standards, without the recognizers' code: what both get wrong is not the same.
"""

# ruff: noqa: E501 (a table reads better in long lines)
from __future__ import annotations

import hashlib
import string
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

Make = Callable[[Random], str]

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
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


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


# --- China ------------------------------------------------------------------------------------


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


def luhn_sum(value: str) -> int:
    total = 0
    for place, char in enumerate(reversed(value)):
        doubled = int(char) * (2 if place % 2 else 1)
        total += doubled // 10 + doubled % 10
    return total


def with_luhn(body: str) -> str:
    return body + str(-luhn_sum(body + "0") % 10)


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


# --- everywhere -------------------------------------------------------------------------------


def email(rng: Random) -> str:
    name = rng.choice(
        ("zhang.san", "li_si", "anna-maria", "j.smith+news", "wx8812", "HR", "o.brien")
    )
    host = rng.choice(
        ("qq.com", "163.com", "gmail.com", "corp-mail.cn", "uni.edu.cn", "firma.de", "x.co.uk")
    )
    return f"{name}{rng.choice(('', digits(rng, 2)))}@{host}"


def ipv4(rng: Random) -> str:
    head = rng.choice((rng.randrange(20, 120), 192, 10, 172, 203))
    second = {192: 168, 172: rng.randrange(16, 32)}.get(head, rng.randrange(20, 250))
    return f"{head}.{second}.{rng.randrange(20, 250)}.{rng.randrange(2, 250)}"


def ipv6(rng: Random) -> str:
    parts = [f"{rng.randrange(1, 0xFFFF):x}" for _ in range(5)]
    return "2001:db8:" + ":".join(parts[:2]) + "::" + ":".join(parts[2:4])


def mac(rng: Random) -> str:
    sign = rng.choice(":-")
    return sign.join(f"{rng.randrange(1, 255):02x}" for _ in range(6))


def iban(rng: Random) -> str:
    country, form = rng.choice(
        (
            ("DE", "d18"),
            ("FR", "d23"),
            ("GB", "WESTd14"),
            ("NL", "ABNAd10"),
            ("ES", "d20"),
            ("CH", "d17"),
        )
    )
    head, _, count = form.rpartition("d")
    body = head + digits(rng, int(count))
    rest = int("".join(str(int(c, 36)) for c in body + country + "00")) % 97
    return f"{country}{98 - rest:02d}{body}"


def ssn(rng: Random) -> str:
    area = rng.choice([n for n in range(100, 899) if n != 666])
    return f"{area}-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}"


def nino(rng: Random) -> str:
    head = rng.choice(("AB", "CE", "JG", "PR", "SK", "WM"))
    return head + digits(rng, 6) + rng.choice("ABCD")


def nhs(rng: Random) -> str:
    while True:
        body = number(rng, 9)
        check = 11 - weighted(body, (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
        if check != 10:
            return body + str(check % 11)


def bitcoin(rng: Random) -> str:
    version = rng.choice((b"\x00", b"\x05", b"\x41"))
    payload = version + rng.randbytes(20)
    data = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    value, out = int.from_bytes(data), ""
    while value:
        value, rest = divmod(value, 58)
        out = BASE58[rest] + out
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + out


def ethereum(rng: Random) -> str:
    return "0x" + rng.randbytes(20).hex()


def phone(rng: Random) -> str:
    return rng.choice(
        (
            f"+1 212-{rng.randrange(200, 999)}-{digits(rng, 4)}",
            f"+44 20 7{digits(rng, 3)} {digits(rng, 4)}",
            f"+49 151 {number(rng, 8)}",
            f"+33 6 {' '.join(digits(rng, 2) for _ in range(4))}",
            f"+65 9{digits(rng, 3)} {digits(rng, 4)}",
            f"+852 6{digits(rng, 3)} {digits(rng, 4)}",
            f"+886 912 {digits(rng, 3)} {digits(rng, 3)}",
            f"+81 90-{number(rng, 4)}-{digits(rng, 4)}",
            f"+91 98{digits(rng, 3)} {digits(rng, 5)}",
            f"(415) {rng.randrange(200, 999)}-{digits(rng, 4)}",
        )
    )


# --- national numbers -------------------------------------------------------------------------


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
