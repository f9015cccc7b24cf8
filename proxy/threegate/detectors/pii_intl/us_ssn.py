"""US social security numbers: area, group and serial that were ever issued. Unhyphenated only
next to a label."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import open_match, vectorized_checks
from threegate.detectors.engine.context import ScanText, label_polarities, label_polarity
from threegate.detectors.engine.digit_index import DigitIndex, Ints, Mask
from threegate.detectors.engine.digit_spans import NUMBER
from threegate.detectors.engine.labels import words
from threegate.detectors.engine.recognizer import EDGE, Hit, Recognizer, first, sifted_numbers
from threegate.types import Bilingual, Level

KIND = "pii.us.ssn"
_SSN = re.compile(
    first("0-8")
    + rf"(?<!000)[0-9]{{2}}(?<!000)(?<!666)([ \-]?)(?!00)[0-9]{{2}}\1(?!0000)[0-9]{{4}}"
    rf"{EDGE}(?!-[0-9])"
)
_BLANK, _DASH = map(ord, " -")
_LABELS = words("ssn|social security|social|社会安全号|社安号|美国社保|taxpayer|soc sec")


_DASHED = np.array((Level.MEDIUM, Level.HIGH, Level.LOW))
_OTHER = np.array((Level.LOW, Level.MEDIUM, Level.LOW))
"""By what the nearest label says: nothing, this, (-1) another number."""


def _sift(view: ScanText) -> tuple[Iterator[Hit], Ints]:
    sieve = view.sieve
    i = _issued(sieve)
    gap = _gap(sieve, i, 2)
    i, gap = i[fits := (gap >= 0) & (gap == _gap(sieve, i, 4))], gap[fits]
    start, end = sieve.at[i], sieve.at[i + 8] + 1
    edge = vectorized_checks.right(sieve, end) & ~vectorized_checks.followed(sieve, end, "-")
    own = edge & vectorized_checks.left(sieve, start)
    near = label_polarities(view, start[own], end[own], _LABELS)
    level = np.where(gap[own] == _DASH, _DASHED[near], _OTHER[near])
    return vectorized_checks.hits(start[own], end[own], KIND, level), start[
        edge & sieve.is_letter(start - 1)
    ]


def _issued(sieve: DigitIndex) -> Ints:
    i = sieve.rows(9, sieve.threes)
    i = i[sieve.solid(i, 3, 4) & sieve.solid(i, 5, 8) & (sieve.digit[i] < 9)]
    area, group, serial = (sieve.number(i, *part) for part in ((0, 3), (3, 2), (5, 4)))
    issued: Mask = (area > 0) & (area != 666) & (group > 0) & (serial > 0)
    return i[issued]


def _gap(sieve: DigitIndex, i: Ints, place: int) -> Ints:
    """The separator behind the digit at `place`: 0 is none, -1 no single one."""
    wide = sieve.at[i + place + 1] - sieve.at[i + place]
    code = sieve.code(sieve.at[i + place] + 1)
    return np.select([wide == 1, (wide == 2) & ((code == _BLANK) | (code == _DASH))], [0, code], -1)


def find(view: ScanText) -> Iterator[Hit]:
    found, matches = sifted_numbers(view, _SSN, _sift)
    yield from found
    for match in matches:
        near = label_polarity(view, *match.span(), _LABELS)
        level = (_DASHED if match[1] == "-" else _OTHER)[near]
        yield Hit(*match.span(), KIND, Level(level))


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="us_ssn",
        kinds=(KIND,),
        title=Bilingual("美国社会安全号", "US social security number"),
        examples=(
            Example("my social (270-82-2098) before", ("270-82-2098",)),
            Example("SSN 423517886", ("423517886",)),
            Example("社会安全号423-51-7886是", ("423-51-7886",)),
            Example("order 423-51-7886"),
            Example("000-12-3456 or 666-12-3456 or 123-00-4567"),
            Example("part 423-51-7886-22, total 423517886"),
        ),
    ),
    trigger=NUMBER,
    find=find,
    tails=(open_match.token, open_match.number),
    rank=64,
    plain=False,
)
