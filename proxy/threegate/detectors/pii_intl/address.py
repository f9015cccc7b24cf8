"""Postal addresses in English: house number, capitalised name, street word; flat, town and
postcode around it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.recognizer import Hit
from threegate.types import Level

KIND = "pii.address"
_STREETS = (
    "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Close|"
    "Way|Place|Pl|Terrace|Crescent|Cres|"
    "Square|Sq|Row|Mews|Gardens|Parkway|Pkwy|Circle|Cir|Highway|Hwy|Grove|Hill|"
    "View|Rise|Bend|Walk|Quay|Trail|Path"
)
_UNITS = "Flat|Apt|Apartment|Unit|Suite|Room|Shop|House|Lot|Rm|Block|Blk|Building|Tower"
_FLAT = (
    rf"(?<![0-9A-Za-z])(?:{_UNITS})\.? ?[0-9A-Z]{{1,5}},? "
    r"(?:(?:Building|Tower|Block) [0-9A-Z]{1,4}, )?"
    r"(?:(?:[A-Z][a-z'’]{2,14} ){1,2}(?:House|Court|Tower|Building|Mansions|Lodge), )?"
)
_NUMBERED = (
    rf"[0-9](?<![0-9A-Za-z.,\-/$€£].)[0-9]{{0,4}}[A-Za-z]?(?:[/\-][0-9]{{1,4}})"
    rf"? (?:[NSEW]\.? )?(?:(?:[A-Z][A-Za-zÀ-ÿ'’]{{1,15}} ){{1,3}}|[0-9]{{1,3}}(?:st|nd|rd|th) )"
    rf"(?:{_STREETS})(?![A-Za-z])\.?"
    r"(?: (?:[NSEW]|[NS][EW])(?![A-Za-z]))?(?:,? (?:Apt|Unit|Suite|Ste|Flat|Floor|#)\.? "
    r"?#?[0-9A-Z]{1,5}(?![0-9A-Za-z])|, [0-9]{1,2}(?:st|nd|rd|th) (?:Floor|Fl)(?![A-Za-z])\.?)?"
    r"(?:,? (?:[A-Z][a-z]{2,14} ?){1,2}(?:, (?:[A-Z][a-z]{2,14} ?){1,2})?"
    r"(?:,? [A-Z]{2}(?![A-Za-z]))?(?:,? "
    r"(?:[0-9]{6}|[0-9]{5}(?:-[0-9]{4})?|[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2}"
    r"|(?:NSW|VIC|QLD|WA|SA|TAS|ACT|NT) [0-9]{4})"
    r"(?![0-9A-Za-z]))|,? [A-Z]{2}(?: [0-9]{5})(?![0-9]))?"
)
_STREET, _BARE = re.compile(f"(?:{_FLAT})?{_NUMBERED}"), re.compile(_NUMBERED)
_FLAT_BEFORE = re.compile(rf"{_FLAT}\Z")
_LONGEST_FLAT = 60
_TRAILING = " ,."
_YEAR = re.compile(r"(?:19|20)[0-9]{2} ")
_BOX = re.compile(r"(?i)(?<![0-9a-z])P\.?O\.? ?Box [0-9]{1,6}(?![0-9A-Za-z])")
_BOXED = re2.compile("(?i)box [0-9]")
_FLATS = re2.compile(rf"(?:{_UNITS})\.? ?[0-9A-Z]{{1,5}},? ")
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


_OPEN = re.compile(
    r"[0-9](?<![0-9A-Za-z].)[0-9]{0,4}[A-Za-z]?(?:[/\-][0-9]{0,4})?(?: "
    r"[0-9A-Z#][0-9A-Za-zÀ-ÿ'’.,]*)*(?:,? ?[0-9A-Z#\-]{0,10}){0,3}[ ,]?\Z"
)
_OPEN_FLAT = re.compile(
    rf"(?<![0-9A-Za-z])(?:{_UNITS})"
    r"(?:\.? ?[0-9A-Z]{0,5}(?:,? [0-9A-Z][0-9A-Za-z'’]{0,14}){0,4},? ?)?\Z"
)
_OPEN_BOX = re.compile(
    r"(?<![0-9A-Za-z])[Pp](?:\.?[Oo]\.?(?: ?(?:[Bb](?:[Oo](?:[Xx](?: [0-9]*)?)?)?)?)?)?\Z"
)


def tail(text: str) -> int:
    """From the house number, the flat before it, or a post-office box."""
    box = _OPEN_BOX.search(text, max(0, len(text) - 18))
    house = _OPEN.search(text, max(0, len(text) - 110))
    start = house.start() if house else len(text)
    flat = _OPEN_FLAT.search(text, max(0, start - _LONGEST_FLAT - 8), start)
    return min(box.start() if box else start, flat.start() if flat else start)


RECOGNIZER = described(
    "address",
    (KIND,),
    find,
    (open_match.token, open_match.number, tail),
    trigger=(
        rf"[0-9][A-Za-z]? (?:[A-Z][^ ]* ){{1,4}}(?:{_STREETS})"
        rf"|(?:st|nd|rd|th) (?:{_STREETS})|(?i:box [0-9])"
    ),
)
