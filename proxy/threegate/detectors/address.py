"""Postal addresses in English: house number, capitalised name, street word; flat, town and
postcode around it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors import tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.labels import words
from threegate.detectors.recognizer import Hit, Recognizer
from threegate.detectors.surroundings import View
from threegate.types import Bilingual, Level

KIND = "pii.address"
_STREETS = (
    "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Close|"
    "Way|Place|Pl|Terrace|Crescent|Cres|"
    "Square|Sq|Row|Mews|Gardens|Parkway|Pkwy|Circle|Cir|Highway|Hwy|Grove|Hill|"
    "View|Rise|Bend|Walk|Quay|Trail|Path"
)
_FLAT = r"(?:Flat|Apt|Apartment|Unit|Suite|Room|Shop|House|Lot|Rm)\.? ?[0-9A-Z]{1,5},? "
_STREET = re.compile(
    rf"(?:{_FLAT})?(?<![0-9A-Za-z.,\-/$€£])[0-9]{{1,5}}[A-Za-z]?(?:[/\-][0-9]{{1,4}})"
    rf"? (?:[NSEW]\.? )?(?:[A-Z][A-Za-zÀ-ÿ'’]{{1,15}} ){{1,3}}(?:{_STREETS})(?![A-Za-"
    rf"z])\.?"
    r"(?: [NSEW](?![A-Za-z]))?(?:,? (?:Apt|Unit|Suite|Ste|Flat|Floor|#)\.? "
    r"?#?[0-9A-Z]{1,5}(?![0-9A-Za-z]))?"
    r"(?:,? (?:[A-Z][a-z]{2,14} ?){1,2}(?:,? [A-Z]{2}(?![A-Za-z]))?(?:,? "
    r"(?:[0-9]{5}(?:-[0-9]{4})?|[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][A-Z]{2})"
    r"(?![0-9A-Za-z]))|,? [A-Z]{2}(?: [0-9]{5})(?![0-9]))?"
)
_YEAR = re.compile(r"(?:19|20)[0-9]{2} ")
_BOX = re.compile(r"(?i)(?<![0-9a-z])P\.?O\.? ?Box [0-9]{1,6}(?![0-9A-Za-z])")
_LABELS = words(
    "address|live at|lives at|lived at|moved to|ship to|deliver|地址|送到|住在",
    "home at|house at|property at",
)


def find(view: View) -> Iterator[Hit]:
    for match in _STREET.finditer(view.text):
        end = match.start() + len(match.group().rstrip(" ,."))
        labelled = view.last(match.start(), _LABELS) >= 0
        level = Level.LOW if _YEAR.match(match.group()) else Level.MEDIUM
        yield Hit(match.start(), end, KIND, Level.HIGH if labelled else level)
    for match in _BOX.finditer(view.text):
        yield Hit(*match.span(), KIND, Level.MEDIUM)


_OPEN = re.compile(
    r"[0-9](?<![0-9A-Za-z].)[0-9]{0,4}[A-Za-z]?(?:[/\-][0-9]{0,4})?(?: "
    r"[A-Z#][A-Za-zÀ-ÿ'’.,]*)*(?:,? ?[0-9A-Z#\-]{0,10}){0,3}[ ,]?\Z"
)
_OPEN_FLAT = re.compile(
    r"(?<![0-9A-Za-z])(?:Flat|Apt|Apartment|Unit|Suite|Room|Shop|House|Lot|Rm)"
    r"(?:\.? ?[0-9A-Z]{0,5},? ?)?\Z"
)
_OPEN_BOX = re.compile(
    r"(?<![0-9A-Za-z])[Pp](?:\.?[Oo]\.?(?: ?(?:[Bb](?:[Oo](?:[Xx](?: [0-9]*)?)?)?)?)?)?\Z"
)


def tail(text: str) -> int:
    """From the house number, the flat before it, or a post-office box."""
    box = _OPEN_BOX.search(text, max(0, len(text) - 18))
    house = _OPEN.search(text, max(0, len(text) - 110))
    start = house.start() if house else len(text)
    flat = _OPEN_FLAT.search(text, max(0, start - 20), start)
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
            Example("In 2024 Wall Street fell"),
            Example("5 people on the street"),
        ),
    ),
    trigger=rf"[0-9][A-Za-z]? (?:[A-Z][^ ]* ){{1,4}}(?:{_STREETS})|(?i:box [0-9])",
    find=find,
    tails=(tails.token, tails.number, tail),
    rank=28,
)
