"""Texts as arrays of code points, stretches of them, and what is put in their place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Codes = NDArray[np.uint32]
Bytes = NDArray[np.uint8]

_BEYOND = 16
_NARROW = 0x100


def codes_of(text: str) -> Codes:
    if text.isascii():
        return np.frombuffer(text.encode(), np.uint8).astype(np.uint32)
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def text_of(codes: Codes) -> str:
    if len(codes) and codes.max() < _NARROW:
        return codes.astype(np.uint8).tobytes().decode("latin-1")
    return codes.tobytes().decode("utf-32-le", "surrogatepass")


def padded(text: str) -> Ints:
    """Its code points with noughts behind them, so that looking ahead needs no care."""
    codes = np.zeros(len(text) + _BEYOND, np.int64)
    codes[: len(text)] = codes_of(text)
    return codes


def runs(those: Mask) -> tuple[Ints, Ints]:
    """Where each stretch of `those` begins and ends."""
    edges = np.flatnonzero(np.diff(those, prepend=False, append=False))
    return edges[::2], edges[1::2]


def inside(length: int, start: Ints, end: Ints) -> Mask:
    """Which of so many stand in one of these stretches, which are in order and disjoint."""
    sizes = np.diff(np.stack((start, end), 1).ravel(), prepend=0, append=length)
    flags = np.zeros(len(sizes), np.bool_)
    flags[1::2] = True
    return np.repeat(flags, sizes)


def gathered(start: Ints, size: Ints) -> Ints:
    """The places of all that stands in these stretches, one stretch after the other."""
    shift = start - np.cumsum(size) + size
    return np.arange(int(size.sum())) + np.repeat(shift, size)
