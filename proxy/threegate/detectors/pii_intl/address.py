"""Postal addresses in English: house number, capitalised name, street word; flat, town and
postcode around it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from threegate.data_files import patterns
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.recognizer import Hit
from threegate.types import Level

KIND = "pii.address"
_P = patterns("detectors.pii_intl", "address")
_FLAT = _P["FLAT"]
_NUMBERED = _P["NUMBERED"]
_STREET, _BARE = re.compile(f"(?:{_FLAT})?{_NUMBERED}"), re.compile(_NUMBERED)
_FLAT_BEFORE = re.compile(_P["FLAT_BEFORE"])
_LONGEST_FLAT = 60
_TRAILING = " ,."
_YEAR = re.compile(r"(?:19|20)[0-9]{2} ")
_BOX = re.compile(r"(?i)(?<![0-9a-z])P\.?O\.? ?Box [0-9]{1,6}(?![0-9A-Za-z])")
_BOXED = re2.compile("(?i)box [0-9]")
_FLATS = re2.compile(_P["FLATS"])
_LABELS = labels("address")


def find(view: ScanText) -> Iterator[Hit]:
    for match in _streets(view):
        end = match.start() + len(match.group().rstrip(_TRAILING))
        labelled = view.last(match.start(), _LABELS) >= 0
        level = Level.LOW if _YEAR.match(match.group()) else Level.MEDIUM
        yield Hit(match.start(), end, KIND, Level.HIGH if labelled else level)
    for match in _BOX.finditer(view.text) if _BOXED.search(view.data) else ():
        yield Hit(*match.span(), KIND, Level.MEDIUM)


def _streets(view: ScanText) -> Iterator[re.Match[str]]:
    """Streets from their house numbers on, or from the flat before one."""
    text, at = view.text, 0
    flats = _FLATS.search(view.data) is not None
    while match := _BARE.search(text, at):
        view.spend()
        start = match.start()
        if flats and (flat := _FLAT_BEFORE.search(text, max(at, start - _LONGEST_FLAT), start)):
            match = _STREET.match(text, flat.start()) or match
        yield match
        at = match.end()


_OPEN = re.compile(_P["OPEN"])
_OPEN_FLAT = re.compile(_P["OPEN_FLAT"])
_OPEN_BOX = re.compile(_P["OPEN_BOX"])


def tail(text: str) -> int:
    """From the house number, the flat before it, or a post-office box."""
    box = _OPEN_BOX.search(text, max(0, len(text) - 18))
    house = _OPEN.search(text, max(0, len(text) - 110))
    start = house.start() if house else len(text)
    flat = _OPEN_FLAT.search(text, max(0, start - _LONGEST_FLAT - 8), start)
    return min(box.start() if box else start, flat.start() if flat else start)


RECOGNIZER = described(
    "address", (KIND,), find, (open_match.token, open_match.number, tail), trigger=_P["TRIGGER"]
)
