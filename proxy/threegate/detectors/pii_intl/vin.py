"""Vehicle identification numbers (ISO 3779, GB 16735): 17 characters. The check digit is
mandatory in China and North America only, so elsewhere a label must stand near."""

from __future__ import annotations

import re
from collections.abc import Iterator
from string import ascii_lowercase, ascii_uppercase

import numpy as np

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import checksums, open_match, vectorized_checks
from threegate.detectors.engine.checksums import NONE, VIN_VALUES, VIN_WEIGHTS
from threegate.detectors.engine.context import ScanText, label_polarities, label_polarity
from threegate.detectors.engine.digit_index import DigitIndex, Ints, Mask
from threegate.detectors.engine.labels import words
from threegate.detectors.engine.recognizer import WORD_EDGE, Hit, Recognizer, candidates, sifted
from threegate.types import Bilingual, Level

KIND = "pii.vin"
_DASH, _NINE, _LOWER = ord("-"), ord("9"), 0x20
_BODY = "[0-9A-HJ-NPR-Z]"
_VIN = re.compile(
    rf"[0-9](?<=(?i:{_BODY}{{13}}).)(?<![0-9A-Za-z].{{14}})[0-9]{{3}}{WORD_EDGE}(?!-[0-9A-Za-z])"
)
"""Found from its serial number, the four digits at the end: few texts have those."""
_LENGTH = 17
_VALUES = np.array([-1 if value == NONE else value for value in VIN_VALUES[:128]])
_VALUES[[ord(c) for c in ascii_lowercase]] = _VALUES[[ord(c) for c in ascii_uppercase]]
_CHECKS = np.array([ord(c) | _LOWER for c in "0123456789X"])
_MANDATORY = [ord(c) for c in "L145l"]
_LABELS = words("车架|車架|车辆识别|识别代号|车身号|vin|chassis|vehicle|vehicle identification")


_GROUPED = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?:{_BODY}{{4}} ){{4}}{_BODY}|{_BODY}{{3}}([ \-]){_BODY}{{6}}\1"
    rf"{_BODY}{{2}}\1{_BODY}{{6}}){WORD_EDGE}"
)
"""As people dictate it; only with a check digit that fits."""


def _sift(view: ScanText) -> tuple[Iterator[Hit], Ints]:
    """All are judged here: nothing is left."""
    sieve = view.sieve
    start, end = sieve.tokens(_LENGTH)
    start = start[end - start == _LENGTH]
    end = start + _LENGTH
    codes = sieve.codes[start[:, None] + np.arange(_LENGTH)]
    value, digits = _VALUES[codes], (codes <= _NINE).sum(1)
    whole: Mask = (value >= 0).all(1) & (codes[:, -4:] <= _NINE).all(1)
    whole &= (digits <= _LENGTH - 2) & ~((sieve.code(end) == _DASH) & sieve.is_word(end + 1))
    start, end, value, codes = start[whole], end[whole], value[whole], codes[whole]
    checked = _CHECKS[(value @ np.array(VIN_WEIGHTS)) % 11] == codes[:, 8] | _LOWER
    mandatory = np.isin(codes[:, 0], _MANDATORY)
    near = np.zeros(len(start), np.int64)
    asked = checked | ~mandatory
    near[asked] = label_polarities(view, start[asked], end[asked], _LABELS)
    level = np.select(
        [checked & (near > 0), checked & (near == 0), ~checked & (near > 0)],
        [Level.HIGH, Level.MEDIUM, Level.MEDIUM],
        Level.LOW,
    )
    return vectorized_checks.hits(start, end, KIND, level), start[:0]


def find(view: ScanText) -> Iterator[Hit]:
    found, matches = sifted(view, _VIN, _sift)
    yield from found
    for match in matches:
        start, end = match.start() - 13, match.end()
        value = view.text[start:end].upper()
        if len(value.encode().translate(None, b"0123456789")) >= 2:
            yield Hit(start, end, KIND, _level(view, start, end, value))
    yield from _grouped(view)


def _grouped_spots(sieve: DigitIndex) -> Ints:
    return sieve.grouped(" -", (4, 4, 4, 4, 1), (3, 6, 2, 6))


def _grouped(view: ScanText) -> Iterator[Hit]:
    for match in candidates(view, _GROUPED, _grouped_spots):
        value = match.group().replace(" ", "").replace("-", "")
        if not checksums.vin(value):
            continue
        near = label_polarity(view, *match.span(), _LABELS)
        if near > 0 or (near == 0 and _regular(value)):
            yield Hit(*match.span(), KIND, Level.HIGH if near else Level.MEDIUM)


def _regular(value: str) -> bool:
    """As makers in China and North America form it."""
    return value[0] in "L145" and value[13:].isdigit() and sum(map(str.isalpha, value)) >= 4


def _level(view: ScanText, start: int, end: int, value: str) -> Level:
    checked, mandatory = checksums.vin(value), value[0] in "L145"
    if not checked and mandatory:
        return Level.LOW
    near = label_polarity(view, start, end, _LABELS)
    if checked and near >= 0:
        return Level.HIGH if near else Level.MEDIUM
    return Level.MEDIUM if near > 0 else Level.LOW


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="vin",
        kinds=(KIND,),
        title=Bilingual("车架号", "Vehicle identification number"),
        examples=(
            Example("车架号1M8GDM9AXKP042788，", ("1M8GDM9AXKP042788",)),
            Example("VIN: 1M8GDM9AXKP042788", ("1M8GDM9AXKP042788",)),
            Example("chassis WVWZZZ1JZXW000001 was found", ("WVWZZZ1JZXW000001",)),
            Example("车架号 1M8G DM9A XKP0 4278 8", ("1M8G DM9A XKP0 4278 8",)),
            Example("order 1M8GDM9A1KP042788"),
            Example("车架号1M8GDM9A1KP042788"),
            Example("sha 1M8GDM9AXKP042788AB"),
        ),
    ),
    trigger=r"(?i:[0-9A-HJ-NPR-Z]{13}[0-9]{4})"
    rf"|{_BODY}{{3,4}}[ \-]{_BODY}{{4,6}}[ \-]{_BODY}{{2}}",
    find=find,
    tails=(open_match.token, open_match.groups),
    rank=75,
    plain=False,
)
