"""Folding: one character to one character, so spans stay. What it touches depends on the
character or its run alone."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from threegate.detectors.engine.digit_index import LONG, Ints, Mask
from threegate.detectors.engine.open_match import HAN_DIGITS

_WIDE = re.compile("[０-９Ａ-Ｚａ-ｚ＠．－＿＋]")
_NARROW = {
    **{
        c: c - 0xFEE0
        for c in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
    },
    **{ord(a): b for a, b in zip("＠．－＿＋", "@.-_+", strict=True)},
}
_HAN_ANY = re.compile(f"[{HAN_DIGITS}]")
_ANY = f"[0-9{HAN_DIGITS}]"
_HAN_RUN = re.compile(rf"{_ANY}(?<!{_ANY}.)(?:[ \-]?{_ANY}){{10}}{_ANY}*(?:[ \-]{_ANY}+)*")
_HAN_PART = re.compile(
    rf"[{HAN_DIGITS}](?:[ \-]?[{HAN_DIGITS}]){{2}}[{HAN_DIGITS}]*(?:[ \-][{HAN_DIGITS}]+)*"
)
"""A single one, as in 13800138000一直占线, is no digit."""
_VALUES = "001234567891234567891"
_HAN_VALUES = str.maketrans(HAN_DIGITS, _VALUES)

_FOLDED = np.arange(0x10000, dtype=np.uint32)
_FOLDED[[ord(c) for c in HAN_DIGITS]] = [ord(c) for c in _VALUES]
_IS_DIGIT = np.zeros(0x10000, np.bool_)
_IS_DIGIT[[ord(c) for c in HAN_DIGITS + "0123456789"]] = True
_BLANK, _DASH, _NINE = map(ord, " -9")
_FEWEST, _FEWEST_HAN = 11, 3
"""Digits of a run, and of a part of it that is folded."""


def fold(text: str) -> str:
    """Same length: full-width ASCII to ASCII, long runs of Chinese digits to digits."""
    if text.isascii():
        return text
    if _WIDE.search(text):
        text = text.translate(_NARROW)
    if _HAN_ANY.search(text):
        text = _folded(text) if len(text) < LONG else _folded_at_once(text)
    return text


def _folded(text: str) -> str:
    return _HAN_RUN.sub(lambda run: _HAN_PART.sub(_digits, run.group()), text)


def _folded_at_once(text: str) -> str:
    """The same by arrays: a text of nothing but Chinese digits costs a few passes."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).copy()
    at = np.flatnonzero(_IS_DIGIT[np.minimum(codes, 0xFFFF)])
    at = at[_in_chains(codes, at, _FEWEST)]
    han = at[codes[at] > _NINE]
    han = han[_in_chains(codes, han, _FEWEST_HAN)]
    codes[han] = _FOLDED[codes[han]]
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


def _in_chains(codes: NDArray[np.uint32], at: Ints, fewest: int) -> Mask:
    """Which of these characters stand in a chain of so many, at most a blank or dash between."""
    between = codes[at[1:] - 1]
    apart = (np.diff(at) > 2) | ((np.diff(at) == 2) & (between != _BLANK) & (between != _DASH))
    chain = np.cumsum(np.concatenate(([False], apart)))[: len(at)]
    enough: Mask = np.bincount(chain)[chain] >= fewest
    return enough


def _digits(match: re.Match[str]) -> str:
    return match.group().translate(_HAN_VALUES)
