"""Chinese mobile numbers: 11 digits from an assigned prefix, with +86 and separators. No check
digit exists."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.data_files import patterns
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import SPACE, ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.example_values import is_example
from threegate.detectors.engine.number_index import Shape
from threegate.detectors.engine.recognizer import BREAK, DASH, EDGE, Hit, digits_of, numbers
from threegate.types import Level

KIND = "pii.cn.mobile"
_P = patterns("detectors.pii_cn", "mobile", BREAK=BREAK, DASH=DASH, EDGE=EDGE, SPACE=SPACE)
_GAP = _P["GAP"]
_ABROAD = "".join(rf"(?<![+][0-9]{{{n}}}[ \-].)" for n in (1, 2, 3))
_ABROAD += r"(?<!(?<![0-9A-Za-z])00[34][0-9][ \-].)"
"""Not after another country's code; +86 is part of the match. After 00 only the codes of Europe,
some of whose numbers look like these."""
_SECOND = _P["SECOND"]
_ADDED = _P["ADDED"]
_LEFT = _ABROAD + (
    rf"(?:(?<![0-9A-Za-z+].)(?:(?<![0-9][.\-/].)|{_SECOND})|{_ADDED}|(?<=(?i:tel|mob).)"
    r"|(?<=[a-z]{2}.)|(?<=(?i:user).)|(?<=(?i:phone).)|(?<=(?i:mobile).))"
)
_COUNTRY = (
    rf"(?:[(（](?=[+]86[)）])[+]86|[+](?<![0-9A-Za-z].)(?<![(（](?=.86[)）]).)86"
    rf"|0{_LEFT}086|8{_LEFT}6)[)）]?[{SPACE}{DASH}]?"
)
_EDGE = _P["END"]
_NATIONAL = _P["PREFIX"][1:] + rf"{_GAP}[0-9]{_GAP}[0-9]{{3}}{_GAP}[0-9]{_GAP}[0-9]{{3}}{_EDGE}"
_MOBILE = re.compile(rf"(?P<country>{_COUNTRY})1{_NATIONAL}|1{_LEFT}{_NATIONAL}")
_ABOVE, _BELOW = re.compile(r"[0-9]\n\Z"), re.compile(r"\n[0-9]")
_DOTS = 2
"""Longer runs occur in versions: 133.0.7415.166."""
_DECIMAL = re.compile("[0-9]+[.][0-9]+")
"""One dot alone: a coordinate or a price, which nobody writes a telephone number like."""
_COUNTED = re.compile(_P["COUNTED"])
_UNIT_BEGUN = re.compile(_P["UNIT_BEGUN"])
_counted = open_match.unfinished(_UNIT_BEGUN, 64, begins="1")
"""Holds a number until it is known whether a unit follows."""
_JOINED = re.compile(r"[A-Za-z][\-_]\Z")
"""Part of a name, as in thread-13800138000."""
_OWNER = re.compile(_P["OWNER"])
_LETTER = re.compile("[A-Za-z]")
_INSIDE_NAME = re.compile("[a-z]\\Z(?<!(?i:tel|mob))(?<!(?i:user))(?<!(?i:phone))(?<!(?i:mobile))")
_ACCOUNTS = labels("cn_mobile", "accounts")
"""tom13912345678 counts only if one of these labels says that it is somebody's name."""
_NAMED = 9
"""Characters of the longest of them."""
_BARE = (Level.MEDIUM, Level.HIGH, Level.LOW)
"""The level of a number without a country code, by the nearest label: none (0), of a mobile number
(1), of another number (-1)."""
_IDS, _PERSONS = labels("cn_mobile", "ids"), labels("cn_mobile", "persons")
"""Directly before an id of eleven digits its name tells it from a mobile number. That of a person
may be one."""
_RUNS = labels("cn_mobile", "runs")
"""Likewise where nothing says that it is a telephone number: people run, too."""
_DIRECTLY = re.compile(r"[^\w\n]{0,8}\Z")
_BOTH = re.compile(_P["BOTH"])
_SUFFIX = 4
"""Characters of `_ids`, which belongs to the label before it: `phone_id`."""
_SHAPE = Shape(11, "108+(（", run=2, most=15)
_LABELS = labels("cn_mobile")


def find(view: ScanText) -> Iterator[Hit]:
    for match in numbers(view, _MOBILE, _SHAPE):
        if match.group().count(".") > _DOTS or _is_column(view.text, *match.span()):
            continue
        if not _INSIDE_NAME.search(view.text, max(0, match.start() - _NAMED), match.start()):
            yield Hit(*match.span(), KIND, _level(view, match))
        elif view.label_polarity(*match.span(), _ACCOUNTS, look_after=False) > 0:
            yield Hit(*match.span(), KIND, Level.MEDIUM)


def _is_column(text: str, start: int, end: int) -> bool:
    """A number over more than two lines is part of a longer column of numbers."""
    if text.count("\n", start, end) < 2:
        return False
    return bool(_ABOVE.search(text, max(0, start - 2), start) or _BELOW.match(text, end))


def _level(view: ScanText, match: re.Match[str]) -> Level:
    polarity = view.label_polarity(*match.span(), _LABELS, look_after=False)
    if match["country"]:
        formed = match.group()[0] in "(（+"
        return Level.HIGH if polarity >= 0 else Level.MEDIUM if formed else Level.LOW
    counted = (
        _COUNTED.match(view.text, match.end())
        or _is_joined(view.text, *match.span())
        or _DECIMAL.fullmatch(match.group())
    )
    if _is_id(view, match.start()):
        return Level.LOW
    level = Level.LOW if not polarity and counted else _BARE[polarity]
    certain = level > Level.LOW and not is_example(view, *match.span(), digits_of(match.group()))
    return level if certain else Level.LOW


def _is_joined(text: str, start: int, end: int) -> bool:
    """Whether it is part of a name or word, or in groups that may be columns: far apart, or before
    another number."""
    row = end - start > 11 and text[end : end + 1] == " " and text[end + 1 : end + 2].isdigit()
    if row or _P["WIDE"] in text[start:end] or _LETTER.match(text, end):
        return True
    joined = _JOINED.search(text, max(0, start - 2), start) is not None
    return joined and not _OWNER.search(text, max(0, start - _NAMED), start)


def _is_id(view: ScanText, start: int) -> bool:
    named, own = view.last(start, _IDS), view.last(start, _LABELS)
    if own < 0:
        named = max(named, view.last(start, _RUNS))
    of_another = own < 0 or named - own > _SUFFIX
    if named < 0 or named <= view.last(start, _PERSONS) or not of_another:
        return False
    clause = view.before(start)
    if own >= 0 and _BOTH.fullmatch(clause, own, named):
        return False
    return _DIRECTLY.match(clause, named) is not None


RECOGNIZER = described(
    "cn_mobile",
    (KIND,),
    find,
    (open_match.token, open_match.number, open_match.han_number, _counted),
)
