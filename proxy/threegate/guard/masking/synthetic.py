"""Made-up values in the shape of real ones, for models that work worse with placeholders.

Drawn by HMAC from the conversation's key, so the same value gets the same stand-in everywhere and
cannot be reversed. They pass the checks of a form (length, check digit) but come from ranges that
are never assigned: region 70, card numbers from 9999, mobiles from 12, documentation networks and
domains. A value without such a shape gets a placeholder instead (None).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping

from threegate.checksums import completed, luhn, resident_id

_LEAST = 6
"""Letters and digits that a value needs so that its stand-in can be found again without
ambiguity."""
_NETWORKS = ("203.0.113", "198.51.100", "192.0.2")

Draw = Iterator[int]
Make = Callable[[str, Draw], str]


def synthetic(key: bytes, kind: str, value: str, attempt: int = 0) -> str | None:
    """A stand-in for `value`, a different one for each `attempt` in case one is taken."""
    if kind not in _MAKERS and not _has_shape(value):
        return None
    draw = _bytes(key, f"synthetic\0{kind}\0{value}\0{attempt}")
    return _MAKERS.get(kind, _same_shape)(value, draw)


def _has_shape(value: str) -> bool:
    """Whether there are enough letters and digits and all of them are replaced: nothing of the
    value may remain."""
    kept = [c for c in value if c.isalnum()]
    return len(kept) >= _LEAST and all(c.isascii() for c in kept)


def _bytes(key: bytes, seed: str) -> Draw:
    block = 0
    while True:
        yield from hmac.new(key, f"{seed}\0{block}".encode(), hashlib.sha256).digest()
        block += 1


def _same_shape(value: str, draw: Draw) -> str:
    return "".join(_like(c, next(draw)) for c in value)


def _like(char: str, number: int) -> str:
    if not char.isascii() or not char.isalnum():
        return char
    if char.isdigit():
        return str(number % 10)
    return chr(ord("a" if char.islower() else "A") + number % 26)


def _digits(draw: Draw, count: int) -> str:
    return "".join(str(next(draw) % 10) for _ in range(count))


def _id_card(value: str, draw: Draw) -> str:
    year, month, day = 1960 + next(draw) % 40, 1 + next(draw) % 12, 1 + next(draw) % 28
    if sum(c.isalnum() for c in value) == 15:
        return _poured(value, f"700101{year % 100:02}{month:02}{day:02}{_digits(draw, 3)}")
    body = f"700101{year}{month:02}{day:02}{_digits(draw, 3)}"
    return _poured(value, completed(body, resident_id))


def _bank_card(value: str, draw: Draw) -> str:
    length = sum(c.isdigit() for c in value)
    body = "9999" + _digits(draw, max(0, length - 5))
    return _poured(value, completed(body, luhn))


def _mobile(value: str, draw: Draw) -> str:
    return _poured(value, "12" + _digits(draw, 9))


def _email(value: str, draw: Draw) -> str:
    return "user." + "".join(chr(0x61 + next(draw) % 26) for _ in range(6)) + "@example.com"


def _ip(value: str, draw: Draw) -> str:
    return f"{_NETWORKS[next(draw) % 3]}.{1 + next(draw) % 254}"


def _poured(value: str, made: str) -> str:
    """`made` with the separators of `value`, if both have the same number of characters."""
    if sum(c.isalnum() for c in value) != len(made):
        return made
    chars = iter(made)
    return "".join(next(chars) if c.isalnum() else c for c in value)


_MAKERS: Mapping[str, Make] = {
    "pii.cn.id_card": _id_card,
    "pii.bank_card": _bank_card,
    "pii.cn.mobile": _mobile,
    "pii.email": _email,
    "pii.ip": _ip,
}
