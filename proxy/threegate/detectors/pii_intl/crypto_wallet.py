"""Wallet addresses: Bitcoin, Litecoin, Dogecoin and Tron (Base58Check), SegWit of the first two
(Bech32), Ethereum (0x and 40 hexadecimal digits)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import Hit, overlapping
from threegate.types import Level

KIND = "pii.crypto_wallet"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE58_DIGITS = bytes(max(_BASE58.find(chr(c)), 0) for c in range(256))
_BASE58_SIZE = 25
"""Bytes of an address: version, hash and checksum."""
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_CHECKED = re.compile(rf"[13DLMT](?<![0-9A-Za-z].)[{_BASE58}]{{25,34}}(?![0-9A-Za-z])")
_SEGWIT = re.compile(
    rf"[bBlL](?<![0-9A-Za-z].)(?i:(?:(?<=b)c|(?<=l)tc)1[{_BECH32}]{{38,59}})(?![0-9A-Za-z])"
)
_ETHER = re.compile(r"0(?<![0-9A-Za-z].)x[0-9a-fA-F]{40}(?![0-9A-Za-z])")
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def find(view: ScanText) -> Iterator[Hit]:
    for match in overlapping(_CHECKED, view):
        if base58_checked(match.group()):
            yield Hit(*match.span(), KIND, Level.HIGH)
    for match in overlapping(_SEGWIT, view):
        if _bech32(match.group().lower()):
            yield Hit(*match.span(), KIND, Level.HIGH)
    for match in overlapping(_ETHER, view):
        if len(set(match.group()[2:].lower())) >= 8:
            yield Hit(*match.span(), KIND, Level.MEDIUM)


def base58_checked(value: str) -> bool:
    """Base58Check."""
    number = 0
    for digit in value.encode().translate(_BASE58_DIGITS):
        number = number * 58 + digit
    try:
        raw = number.to_bytes(_BASE58_SIZE, "big")
    except OverflowError:
        return False
    return sha256(sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def _bech32(value: str) -> bool:
    """BIP 173 and BIP 350 (Bech32m) checksums; the human-readable part is `bc` or `ltc`."""
    chain, data = value.split("1", 1)
    return _check(data.translate(_ITEMS).encode(), _head(chain)) in (1, 0x2BC830A3)


@cache
def _head(chain: str) -> int:
    """The checksum over the human-readable part."""
    return _check(bytes([*(ord(c) >> 5 for c in chain), 0, *(ord(c) & 31 for c in chain)]), 1)


def _check(items: bytes, check: int) -> int:
    for item in items:
        check = (check & 0x1FFFFFF) << 5 ^ item ^ _TOPS[check >> 25]
    return check


def _top(bits: int) -> int:
    """What the five bits shifted out at the top contribute."""
    check = 0
    for index, generator in enumerate(_GENERATOR):
        check ^= generator if bits >> index & 1 else 0
    return check


_ITEMS = str.maketrans({letter: chr(item) for item, letter in enumerate(_BECH32)})
_TOPS = tuple(map(_top, range(32)))


RECOGNIZER = described(
    "crypto", (KIND,), find, (open_match.token,), trigger="[0-9A-Za-z]{25}|(?i:bc1)"
)
