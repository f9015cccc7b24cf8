"""Base58Check, the checksum of wallet addresses."""

from __future__ import annotations

from hashlib import sha256

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

_DIGITS = bytes(max(ALPHABET.find(chr(c)), 0) for c in range(256))
_SIZE = 25
"""Bytes of one: a version, a hash and a checksum."""


def checked(value: str) -> bool:
    number = 0
    for digit in value.encode().translate(_DIGITS):
        number = number * 58 + digit
    try:
        return _sums_up(number.to_bytes(_SIZE, "big"))
    except OverflowError:
        return False


def _sums_up(raw: bytes) -> bool:
    return sha256(sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]
