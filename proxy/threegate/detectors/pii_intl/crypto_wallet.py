"""Wallet addresses: Bitcoin, Litecoin, Dogecoin and Tron (Base58Check), SegWit of the first two
(Bech32), Ethereum (0x and 40 hexadecimal digits)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.recognizer import Hit, Recognizer, overlapping
from threegate.detectors.pii_intl import base58
from threegate.types import Bilingual, Level

KIND = "pii.crypto_wallet"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_CHECKED = re.compile(rf"[13DLMT](?<![0-9A-Za-z].)[{base58.ALPHABET}]{{25,34}}(?![0-9A-Za-z])")
_SEGWIT = re.compile(
    rf"[bBlL](?<![0-9A-Za-z].)(?i:(?:(?<=b)c|(?<=l)tc)1[{_BECH32}]{{38,59}})(?![0-9A-Za-z])"
)
_ETHER = re.compile(r"0(?<![0-9A-Za-z].)x[0-9a-fA-F]{40}(?![0-9A-Za-z])")
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def find(view: ScanText) -> Iterator[Hit]:
    for match in overlapping(_CHECKED, view):
        if base58.checked(match.group()):
            yield Hit(*match.span(), KIND, Level.HIGH)
    for match in overlapping(_SEGWIT, view):
        if _bech32(match.group().lower()):
            yield Hit(*match.span(), KIND, Level.HIGH)
    for match in overlapping(_ETHER, view):
        if len(set(match.group()[2:].lower())) >= 8:
            yield Hit(*match.span(), KIND, Level.MEDIUM)


def _bech32(value: str) -> bool:
    """BIP 173 and BIP 350 (Bech32m) checksums; the human-readable part is `bc` or `ltc`."""
    chain, data = value.split("1", 1)
    return _check(data.translate(_ITEMS).encode(), _head(chain)) in (1, 0x2BC830A3)


@cache
def _head(chain: str) -> int:
    """The check of the human-readable part."""
    return _check(bytes([*(ord(c) >> 5 for c in chain), 0, *(ord(c) & 31 for c in chain)]), 1)


def _check(items: bytes, check: int) -> int:
    for item in items:
        check = (check & 0x1FFFFFF) << 5 ^ item ^ _TOPS[check >> 25]
    return check


def _top(bits: int) -> int:
    """What the five bits that leave at the top put in."""
    check = 0
    for index, generator in enumerate(_GENERATOR):
        check ^= generator if bits >> index & 1 else 0
    return check


_ITEMS = str.maketrans({letter: chr(item) for item, letter in enumerate(_BECH32)})
_TOPS = tuple(map(_top, range(32)))


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="crypto",
        kinds=(KIND,),
        title=Bilingual("加密货币钱包地址", "Cryptocurrency wallet address"),
        examples=(
            Example(
                "打到1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa就行",
                ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",),
            ),
            Example(
                "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
                ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",),
            ),
            Example(
                "0x52908400098527886E0F7030069857D2E4169EE7 sent",
                ("0x52908400098527886E0F7030069857D2E4169EE7",),
            ),
            Example("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"),
            Example("commit 8f63fd13731361ad0f11cfddd27f5f68ae294981"),
            Example("0x0000000000000000000000000000000000000000"),
        ),
    ),
    trigger="[0-9A-Za-z]{25}|(?i:bc1)",
    find=find,
    tails=(open_match.token,),
    rank=77,
    plain=False,
)
