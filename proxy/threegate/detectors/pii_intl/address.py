"""Postal addresses in English: house number, capitalised name, street word; flat, town and
postcode around it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import re2

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import open_match, vectorized_checks
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.digit_index import LONG, DigitIndex, Ints, Mask
from threegate.detectors.engine.labels import words
from threegate.detectors.engine.recognizer import Hit, Recognizer
from threegate.types import Bilingual, Level

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
    rf"(?<![0-9A-Za-z.,\-/$€£])[0-9]{{1,5}}[A-Za-z]?(?:[/\-][0-9]{{1,4}})"
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
_NO_START, _BEHIND, _BLANK = ".,-/$€£", "/-", ord(" ")
_YEAR = re.compile(r"(?:19|20)[0-9]{2} ")
_BOX = re.compile(r"(?i)(?<![0-9a-z])P\.?O\.? ?Box [0-9]{1,6}(?![0-9A-Za-z])")
_BOXED = re2.compile("(?i)box [0-9]")
_FLATS = re2.compile(rf"(?:{_UNITS})\.? ?[0-9A-Z]{{1,5}},? ")
_LABELS = words(
    "address|live at|lives at|lived at|moved to|ship to|deliver|地址|送到|住在",
    "home at|house at|property at",
)


def find(view: ScanText) -> Iterator[Hit]:
    yield from _few(view) if len(view.text) < LONG else _many(view)
    for match in _BOX.finditer(view.text) if _BOXED.search(view.data) else ():
        yield Hit(*match.span(), KIND, Level.MEDIUM)


def _few(view: ScanText) -> Iterator[Hit]:
    for match in _STREET.finditer(view.text):
        end = match.start() + len(match.group().rstrip(_TRAILING))
        labelled = view.last(match.start(), _LABELS) >= 0
        level = Level.LOW if _YEAR.match(match.group()) else Level.MEDIUM
        yield Hit(match.start(), end, KIND, Level.HIGH if labelled else level)


def _many(view: ScanText) -> Iterator[Hit]:
    """The same of a long text."""
    start, end = vectorized_checks.columns(_numbered(view), 2)
    while (trailing := np.isin(view.sieve.code(end - 1), [ord(c) for c in _TRAILING])).any():
        end = end - trailing
    level = np.where(_years(view.sieve, start), Level.LOW, Level.MEDIUM)
    labelled = view.lasts(start, _LABELS) >= 0
    return vectorized_checks.hits(start, end, KIND, np.where(labelled, Level.HIGH, level))


def _numbered(view: ScanText) -> Iterator[tuple[int, int]]:
    """Streets from their numbers on, which arrays tell; or from the flat before."""
    text, at, flats = view.text, 0, _FLATS.search(view.data) is not None
    for number in _spots(view.sieve).tolist():
        if number < at or not (match := _BARE.match(text, number)):
            continue
        if flats and (flat := _FLAT_BEFORE.search(text, max(at, number - _LONGEST_FLAT), number)):
            match = _STREET.match(text, flat.start()) or match
        span = match.span()
        at = span[1]
        yield span


def _spots(sieve: DigitIndex) -> Ints:
    """Numbers that a street's name may follow."""
    start, size = sieve.short_runs(5)
    before, behind = sieve.code(start - 1), sieve.code(start + size)
    free = ~sieve.is_word(start - 1) & ~np.isin(before, [ord(c) for c in _NO_START])
    further = np.isin(behind, [ord(c) for c in _BEHIND]) | sieve.is_letter(start + size)
    name = start + size + 1
    named = (behind == _BLANK) & (sieve.is_letter(name) | _ordinals(sieve, name))
    spots: Ints = start[free & (further | named)]
    return spots


def _ordinals(sieve: DigitIndex, start: Ints) -> Mask:
    """One to three digits and a letter, as in 79th."""
    ordinals, digits = np.zeros(len(start), np.bool_), sieve.is_digit(start)
    for place in (1, 2, 3):
        ordinals |= digits & sieve.is_letter(start + place)
        digits = digits & sieve.is_digit(start + place)
    return ordinals


def _years(sieve: DigitIndex, start: Ints) -> Mask:
    """`_YEAR`."""
    first, second, _, _, behind = (sieve.code(start + place) for place in range(5))
    century = np.isin(first << 8 | second, [ord(a) << 8 | ord(b) for a, b in ("19", "20")])
    digits = sieve.is_digit(start + 2) & sieve.is_digit(start + 3)
    years: Mask = century & digits & (behind == _BLANK)
    return years


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


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="address",
        kinds=(KIND,),
        title=Bilingual("英文地址", "Postal address in English"),
        examples=(
            Example("Is 14 Wexley Close yours?", ("14 Wexley Close",)),
            Example(
                "ship it to 4410 Pecan Hollow Dr, Unit 6, please", ("4410 Pecan Hollow Dr, Unit 6",)
            ),
            Example("her home at 318 Ludington Ave.", ("318 Ludington Ave",)),
            Example("mail from PO Box 118, thanks", ("PO Box 118",)),
            Example(
                "at 118 W 79th St Apt 3F, New York, NY 10024, or",
                ("118 W 79th St Apt 3F, New York, NY 10024",),
            ),
            Example(
                "12 King's Road, Chelsea, London SW3 4RY",
                ("12 King's Road, Chelsea, London SW3 4RY",),
            ),
            Example(
                "Flat 4, Rosewood House, 22 Church Lane, Bristol BS1 5TR",
                ("Flat 4, Rosewood House, 22 Church Lane, Bristol BS1 5TR",),
            ),
            Example("at 350 Fifth Avenue, 34th Floor, now", ("350 Fifth Avenue, 34th Floor",)),
            Example(
                "42 MG Road, Bengaluru 560001; 9 Wattle Grove, Fitzroy VIC 3065",
                ("42 MG Road, Bengaluru 560001", "9 Wattle Grove, Fitzroy VIC 3065"),
            ),
            Example("In 2024 Wall Street fell, in 2023 15th Street was closed"),
            Example("5 people on the street"),
        ),
    ),
    trigger=rf"[0-9][A-Za-z]? (?:[A-Z][^ ]* ){{1,4}}(?:{_STREETS})"
    rf"|(?:st|nd|rd|th) (?:{_STREETS})|(?i:box [0-9])",
    find=find,
    tails=(open_match.token, open_match.number, tail),
    rank=28,
)
