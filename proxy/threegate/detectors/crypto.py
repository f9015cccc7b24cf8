"""Wallet addresses: Bitcoin, Litecoin, Dogecoin and Tron (Base58Check), SegWit of the first two
(Bech32), Ethereum (0x and 40 hexadecimal digits)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256

import numpy as np

from threegate.detectors import tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.recognizer import Hit, Recognizer, Spots, candidates
from threegate.detectors.sieve import Ints, Sieve
from threegate.detectors.surroundings import View
from threegate.types import Bilingual, Level

KIND = "pii.crypto_wallet"
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = bytes(max(_BASE58.find(chr(c)), 0) for c in range(256))
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_CHECKED = re.compile(rf"[13DLMT](?<![0-9A-Za-z].)[{_BASE58}]{{25,34}}(?![0-9A-Za-z])")
_SEGWIT = re.compile(
    rf"[bBlL](?<![0-9A-Za-z].)(?i:(?:(?<=b)c|(?<=l)tc)1[{_BECH32}]{{38,59}})(?![0-9A-Za-z])"
)
_ETHER = re.compile(r"0(?<![0-9A-Za-z].)x[0-9a-fA-F]{40}(?![0-9A-Za-z])")
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def _spots(heads: str, least: int) -> Spots:
    """Words of that length which begin with one of `heads`."""
    codes = [ord(c) for c in heads]

    def spots(sieve: Sieve) -> Ints:
        starts = sieve.tokens(least)[0]
        return starts[np.isin(sieve.codes[starts], codes)]

    return spots


def find(view: View) -> Iterator[Hit]:
    for match in candidates(view, _CHECKED, _spots("13DLMT", 26)):
        if _base58check(match.group()):
            yield Hit(*match.span(), KIND, Level.HIGH)
    for match in candidates(view, _SEGWIT, _spots("bBlL", 41)):
        if _bech32(match.group().lower()):
            yield Hit(*match.span(), KIND, Level.HIGH)
    for match in candidates(view, _ETHER, _spots("0", 42)):
        if len(set(match.group()[2:].lower())) >= 8:
            yield Hit(*match.span(), KIND, Level.MEDIUM)


def _base58check(value: str) -> bool:
    number = 0
    for digit in value.encode().translate(_DIGITS):
        number = number * 58 + digit
    try:
        raw = number.to_bytes(25, "big")
    except OverflowError:
        return False
    return sha256(sha256(raw[:-4]).digest()).digest()[:4] == raw[-4:]


def _bech32(value: str) -> bool:
    """BIP 173 and BIP 350 (Bech32m) checksums; the human-readable part is `bc` or `ltc`."""
    check, (chain, data) = 1, value.split("1", 1)
    head = [*(ord(c) >> 5 for c in chain), 0, *(ord(c) & 31 for c in chain)]
    for item in [*head, *map(_BECH32.index, data)]:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ item
        for index, generator in enumerate(_GENERATOR):
            check ^= generator if top >> index & 1 else 0
    return check in (1, 0x2BC830A3)


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
    tails=(tails.token,),
    rank=77,
    plain=False,
)
