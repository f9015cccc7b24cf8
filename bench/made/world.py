"""Identifiers that are the same everywhere, or common in English text, with right check digits.

Written from the standards, without the recognizers' code: what both get wrong is not the same.
"""

from __future__ import annotations

import hashlib
from random import Random

from bench.made.draws import digits, number, weighted

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


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
