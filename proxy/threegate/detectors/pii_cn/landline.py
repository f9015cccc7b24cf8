"""Chinese landlines: area code and number. Service numbers (400, 95xxx) are public and stay LOW
without a label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import SPACE, ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.number_index import Shape
from threegate.detectors.engine.recognizer import DASH, EDGE, Hit, numbers
from threegate.types import Level

KIND = "pii.cn.landline"
_AREA = r"(?:10|2[0-57-9]|[3-9][0-9]{2})"
_LEFT = (
    r"(?:(?<![0-9A-Za-z].)(?:(?<![0-9][.\-/].)|(?<=[0-9]{7}/.))|(?<=(?i:tel|fax).)"
    r"|(?<=(?i:phone).))"
)
_GAP = rf"[{SPACE}{DASH}]"
_LANDLINE = re.compile(
    rf"(?:(?:[+](?<![0-9A-Za-z].)86{_GAP}?)?(?:[(（]0{_AREA}[)）]{_GAP}?|0{_LEFT}{_AREA}"
    rf"(?P<gap>{_GAP})?)|[+](?<![0-9A-Za-z].)86{_GAP}?[(（]?0?[)）]?{_GAP}?{_AREA}[)）]?{_GAP}?)"
    rf"[2-8][0-9]{{2,3}}(?P<split>{_GAP})?[0-9]{{4}}(?:/[2-8][0-9]{{6,7}})?{EDGE}"
)
"""With a second number of the same area after a slash."""
_SIGNLESS = re.compile(
    rf"8(?<![0-9A-Za-z.\-/+].)6{_GAP}?{_AREA}{_GAP}[2-8][0-9]{{2,3}}{_GAP}?[0-9]{{4}}{EDGE}"
)
"""As on business cards (8610-6588 2233); only with a label."""
_HAN = re.compile("[\u3400-\u9fff]")
"""London numbers look like Guangzhou ones when written in groups of four: those need Chinese
around."""
_SERVICE = re.compile(
    rf"[48](?<![0-9A-Za-z].)(?<![0-9][.\-/ ].)00(?P<gap>{_GAP})?[0-9]{{3}}(?P=gap)?[0-9]{{4}}{EDGE}"
)
_SIGNLESS_SHAPE = Shape(11, "8", run=2, most=5)
_SHAPE, _SERVICE_SHAPE = Shape(10, "0+(（", run=2, most=14), Shape(10, "48", run=3, most=10)
_LABELS = labels("cn_phone")


def find(view: ScanText) -> Iterator[Hit]:
    for match in numbers(view, _LANDLINE, _SHAPE):
        formed = match["gap"] is not None or match.group()[0] in "(（+"
        if match.group()[0] == "+" or not match["split"] or _HAN.search(view.before(match.start())):
            yield Hit(*match.span(), KIND, _level(view, match, formed))
    for match in numbers(view, _SIGNLESS, _SIGNLESS_SHAPE):
        if view.label_polarity(*match.span(), _LABELS, look_after=False) > 0:
            yield Hit(*match.span(), KIND, Level.MEDIUM)
    for match in numbers(view, _SERVICE, _SERVICE_SHAPE):
        polarity = view.label_polarity(*match.span(), _LABELS, look_after=False) > 0
        yield Hit(*match.span(), KIND, Level.MEDIUM if polarity else Level.LOW, "service")


def _level(view: ScanText, match: re.Match[str], formed: bool) -> Level:
    polarity = view.label_polarity(*match.span(), _LABELS)
    if polarity < 0:
        return Level.MEDIUM if match.group()[0] == "+" else Level.LOW
    if polarity:
        return Level.HIGH if formed else Level.MEDIUM
    return Level.MEDIUM if formed else Level.LOW


RECOGNIZER = described("cn_phone", (KIND,), find, (open_match.token, open_match.number))
