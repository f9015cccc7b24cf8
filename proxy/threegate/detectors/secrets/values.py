"""Decides which values of a secret rule are secrets and not placeholders, plain words or
repetitions.

Hostile text has tens of thousands of near misses, so most are rejected in bulk: an array counts the
distinct characters of each value, and one RE2 match covers all consecutive values on the
allow-list. The rest is checked one by one.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import re2
from numpy.typing import NDArray

from threegate.detectors.engine import open_match
from threegate.normalize import re2_spans

_PLACEHOLDER = (
    r"(?i)x{5}|\*{3}|\.{3}|\$\{|\$\(|\{\{|%s|<|your|example|placeholder|changeme|"
    r"dummy|redacted|0{8}|(?:1234-){2}|1234567890?\n?$"
    r"|getenv|environ|process\.env|os\.|config\.|import\.meta|secrets?\.|settings\.|^env(?:[^\pL\pN_]|$)|"
    r"abcdefgh|abc123|^(?:none|null|true|false|undefined)\n?$"
)
_MANY = 64
"""Number of values from which checking in bulk is faster."""

Secrets = Callable[[Sequence[bytes]], Iterator[int]]
"""Returns the indexes of the values that are secrets."""


def entropy(value: str) -> float:
    """Shannon entropy in bits per character."""
    counts, total = Counter(value).values(), len(value)
    return -sum(n / total * math.log2(n / total) for n in counts)


def secrets_of(floor: float, allow: str) -> Secrets:
    """A function that selects secrets: values with at least `floor` bits per character in which the
    RE2 pattern `allow` does not match."""
    allowed = f"(?:{_PLACEHOLDER})" + (f"|(?:{allow})" if allow else "")
    other, row, least = re2.compile(allowed), _row(allowed), 2**floor

    def is_secret(data: bytes) -> bool:
        value = data.decode()
        if len(value) > open_match.MAX_TOKEN or len(set(value)) < least:
            return False
        return not re2_spans.found(other, data) and entropy(value) >= floor

    def secrets(values: Sequence[bytes]) -> Iterator[int]:
        known = list(dict.fromkeys(values))
        likely = known if len(known) < _MANY else [known[n] for n in _left(known, floor, row)]
        if not (good := set(filter(is_secret, likely))):
            return iter(())
        return (n for n, value in enumerate(values) if value in good)

    return secrets


def _left(values: Sequence[bytes], floor: float, row: Any) -> Sequence[int]:
    """Indexes of these values, without most of those that are too uniform or allowed."""
    left = _varied(values, 2**floor)
    lines = b"\n".join(values[n] for n in left) + b"\n"
    if lines.count(b"\n") == len(left):
        left = list(_not_in(row, lines, left))
    return left if len(left) < _MANY else _random(values, left, floor)


def _not_in(row: Any, lines: bytes, numbers: Sequence[int]) -> Iterator[int]:
    """Indexes of the lines that `row` does not match."""
    starts = [0, *_ends(lines)]
    n = 0
    while n < len(numbers):
        end = re2_spans.groups(row, lines, starts[n])[0][1]
        if end < 0:
            yield numbers[n]
        n = n + 1 if end < 0 else bisect_left(starts, end, n + 1)


def _ends(lines: bytes) -> list[int]:
    ends: list[int] = (np.flatnonzero(np.frombuffer(lines, np.uint8) == 10) + 1).tolist()
    return ends


def _varied(values: Sequence[bytes], least: float) -> list[int]:
    """Indexes of the values that may have enough distinct characters."""
    codes = np.frombuffer(b"".join(values), np.uint8)
    starts = np.zeros(len(values), np.int64)
    np.cumsum([len(value) for value in values[:-1]], out=starts[1:])
    low, high = (np.bitwise_or.reduceat(bits[codes], starts) for bits in _BITS)
    wide = np.bitwise_or.reduceat(codes, starts) >= 128
    enough = np.bitwise_count(low) + np.bitwise_count(high) >= least
    varied: list[int] = np.flatnonzero(enough | wide).tolist()
    return varied


def _random(values: Sequence[bytes], numbers: Sequence[int], floor: float) -> list[int]:
    """Those of these indexes whose values may reach the minimum entropy."""
    left = list[int]()
    for at in range(0, len(numbers), _BLOCK):
        some = np.array(numbers[at : at + _BLOCK])
        sizes = np.array([len(values[n]) for n in some])
        columns = _COLUMNS[np.frombuffer(b"".join(values[n] for n in some), np.uint8)]
        cells = np.repeat(np.arange(0, len(some) * _WIDTH, _WIDTH), sizes) + columns
        counts = np.bincount(cells, minlength=len(some) * _WIDTH).reshape(-1, _WIDTH)
        bits = np.log2(sizes) - _TIMES_LOG[np.minimum(counts, _MOST)].sum(axis=1) / sizes
        unknown = (counts[:, -1] > 0) | (sizes > _MOST)
        left += some[unknown | (bits > floor - _ROUNDING)].tolist()
    return left


_BLOCK, _MOST, _ROUNDING = 1024, 4096, 1e-9
"""Values counted together, in a table of 1 MiB."""
_WIDTH = 96
_COLUMNS = np.full(256, _WIDTH - 1)
_COLUMNS[32:127] = np.arange(_WIDTH - 1)
_TIMES_LOG = np.arange(_MOST + 1) * np.log2(np.maximum(np.arange(_MOST + 1), 1))


def _bits(first: int) -> NDArray[np.uint64]:
    """A distinct bit for each of 64 characters, by character code."""
    bits = np.zeros(256, np.uint64)
    bits[first : first + 64] = np.uint64(1) << np.arange(64, dtype=np.uint64)
    return bits


_BITS = (_bits(0), _bits(64))


def _row(pattern: str) -> Any:
    """RE2 that matches one or more lines in each of which `pattern` matches as it would in that
    line alone."""
    lined = "".join(map(_in_a_line, _PARTS.findall(pattern)))
    return re2.compile(rf"(?m)(?:^[^\n]*?(?:{lined})[^\n]*$\n?)+")


_PARTS = re.compile(r"\\n\?|\[\^|\\?.")


def _in_a_line(part: str) -> str:
    """A part of a pattern, changed so that it cannot match across lines."""
    match part:
        case r"\n?":
            return ""
        case "[^":
            return r"[^\n"
        case r"\s" | r"\D" | r"\W" | r"\n":
            raise ValueError(f"{part} matches a line break")
        case _:
            return part
