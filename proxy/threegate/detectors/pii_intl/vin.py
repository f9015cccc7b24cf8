"""Vehicle identification numbers (ISO 3779, GB 16735): 17 characters. The check digit is
mandatory in China and North America only, so elsewhere a label must be nearby."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate import checksums
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.recognizer import WORD_EDGE, Hit, overlapping
from threegate.types import Level

KIND = "pii.vin"
_BODY = "[0-9A-HJ-NPR-Z]"
_VIN = re.compile(
    rf"[0-9](?<=(?i:{_BODY}{{13}}).)(?<![0-9A-Za-z].{{14}})[0-9]{{3}}{WORD_EDGE}(?!-[0-9A-Za-z])"
)
"""Found from its serial number, the four digits at the end, which few texts contain."""
_LABELS = labels("vin")


_GROUPED = re.compile(
    rf"(?<![0-9A-Za-z])(?:(?:{_BODY}{{4}} ){{4}}{_BODY}|{_BODY}{{3}}([ \-]){_BODY}{{6}}\1"
    rf"{_BODY}{{2}}\1{_BODY}{{6}}){WORD_EDGE}"
)
"""As people dictate it; only with a valid check digit."""


def find(view: ScanText) -> Iterator[Hit]:
    for match in overlapping(_VIN, view):
        start, end = match.start() - 13, match.end()
        value = view.text[start:end].upper()
        if len(value.encode().translate(None, b"0123456789")) >= 2:
            yield Hit(start, end, KIND, _level(view, start, end, value))
    yield from _grouped(view)


def _grouped(view: ScanText) -> Iterator[Hit]:
    for match in overlapping(_GROUPED, view):
        value = match.group().replace(" ", "").replace("-", "")
        if not checksums.vin(value):
            continue
        polarity = view.label_polarity(*match.span(), _LABELS)
        if polarity > 0 or (polarity == 0 and _regular(value)):
            yield Hit(*match.span(), KIND, Level.HIGH if polarity else Level.MEDIUM)


def _regular(value: str) -> bool:
    """As manufacturers in China and North America form it."""
    return value[0] in "L145" and value[13:].isdigit() and sum(map(str.isalpha, value)) >= 4


def _level(view: ScanText, start: int, end: int, value: str) -> Level:
    checked, mandatory = checksums.vin(value), value[0] in "L145"
    if not checked and mandatory:
        return Level.LOW
    polarity = view.label_polarity(start, end, _LABELS)
    if checked and polarity >= 0:
        return Level.HIGH if polarity else Level.MEDIUM
    return Level.MEDIUM if polarity > 0 else Level.LOW


RECOGNIZER = described(
    "vin",
    (KIND,),
    find,
    (open_match.token, open_match.groups),
    trigger=(
        r"(?i:[0-9A-HJ-NPR-Z]{13}[0-9]{4})"
        rf"|{_BODY}{{3,4}}[ \-]{_BODY}{{4,6}}[ \-]{_BODY}{{2}}"
    ),
)
