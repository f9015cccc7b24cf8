"""Base58Check, the checksum of wallet addresses: of one, and of all words of a text at once."""

from __future__ import annotations

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from threegate.detectors.engine.character_arrays import Ints, Mask
from threegate.detectors.engine.digit_index import DigitIndex, together

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
LEAST, MOST = 26, 35
"""Digits of an address in Base58."""

_DIGITS = bytes(max(ALPHABET.find(chr(c)), 0) for c in range(256))
_VALUES = np.array([ALPHABET.find(chr(c)) for c in range(128)])
_SIZE = 25
"""Bytes of one: a version, a hash and a checksum."""
_LIMBS = 7
"""Numbers of an address are added up in pieces of 32 bits."""
_WEIGHTS = np.array(
    [[58**place >> 32 * limb & 0xFFFFFFFF for limb in range(_LIMBS)] for place in range(MOST)]
)[::-1]


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


def checked_words(sieve: DigitIndex, start: Ints, end: Ints) -> Ints:
    """Starts of words for which `checked` holds."""
    size = end - start
    sizes = range(LEAST, MOST + 1)
    return together(*(_checked(sieve, start[size == each], each) for each in sizes))


def _checked(sieve: DigitIndex, start: Ints, size: int) -> Ints:
    """Of words of one length."""
    codes = sieve.codes[start[:, None] + np.arange(size)]
    digits = _VALUES[np.minimum(codes, 127)]
    small, raw = _numbers(digits)
    own = np.flatnonzero(small & (digits >= 0).all(1))
    data = raw[own].tobytes()
    rows = [data[at : at + _SIZE] for at in range(0, len(data), _SIZE)]
    known = {row: _sums_up(row) for row in set(rows)}
    return start[own[np.array([known[row] for row in rows], np.bool_)]]


def _numbers(digits: Ints) -> tuple[Mask, NDArray[np.uint8]]:
    """Rows of digits as numbers: which have no more than `_SIZE` bytes, and these."""
    limbs = np.einsum("ij,jk->ik", digits, _WEIGHTS[MOST - digits.shape[1] :])  # no threads
    for place in range(_LIMBS - 1):
        limbs[:, place + 1] += limbs[:, place] >> 32
    pieces = np.ascontiguousarray(limbs[:, ::-1] & 0xFFFFFFFF, ">u4")
    raw = pieces.view(np.uint8).reshape(len(digits), 4 * _LIMBS)
    small: Mask = (raw[:, :-_SIZE] == 0).all(axis=1)
    return small, raw[:, -_SIZE:]
