"""Telephone numbers outside mainland China, validated by the phonenumbers library on pre-scanned
candidates.

With a country code or in a full national form a valid number is MEDIUM; other national forms
need a label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from phonenumbers import PhoneMetadata

from threegate.data_files import patterns, table
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import REACH, SPACE, ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.labels import Labels
from threegate.detectors.engine.number_index import DIGITS, Shape
from threegate.detectors.engine.recognizer import DASH, EDGE, Hit, digits_of, numbers
from threegate.detectors.pii_intl.phone_ranges import in_use, in_use_in_america, is_possible
from threegate.types import Level

KIND = "pii.phone"
_P = patterns("detectors.pii_intl", "phone", DASH=DASH, EDGE=EDGE, SPACE=SPACE)
_INTERNATIONAL = re.compile(_P["INTERNATIONAL"])
_AMERICAN = re.compile(_P["AMERICAN"])
_NATIONAL = re.compile(_P["NATIONAL"])
_BRACKETED = re.compile(_P["BRACKETED"])
_GROUPED = re.compile(_P["GROUPED"])
_INTERNATIONAL_SHAPE, _AMERICAN_SHAPE = Shape(7, "+0"), Shape(10, "(123456789", most=3)
_NATIONAL_SHAPE, _BRACKETED_SHAPE = Shape(7, DIGITS, run=2, most=12), Shape(7, "8(（", most=5)
_PHONE_LABELS = labels("phone", "phone_labels")
_LABELS = labels("phone")
_INITIAL = re.compile("(?<![A-Za-z])[TMPCFDtmpcfd][:.：] ?$")
"""A label as in mail signatures, right before a number in groups."""
_REGIONS: tuple[tuple[re.Pattern[str], tuple[str, ...], Labels], ...] = tuple(
    (re.compile(shape), tuple(regions), {"labels": _LABELS, "phone_labels": _PHONE_LABELS}[needed])
    for shape, regions, needed in table("detectors.pii_intl", "phone")["regions"]
)
"""Where a number of that shape can be national, and the labels it needs."""
_HEAD = 5
"""The leading digits that shapes compare; of the others only the number counts."""


@cache
def _forms(region: str) -> tuple[str, re.Pattern[str]]:
    """The national prefix there, and the form of numbers in use; asking these tables costs a tenth
    of parsing."""
    data = PhoneMetadata.metadata_for_region(region)
    assert data is not None
    kinds = (data.fixed_line, data.mobile, data.personal_number, data.voip, data.pager, data.uan)
    forms = [kind.national_number_pattern for kind in kinds if kind is not None]
    return data.national_prefix or "", re.compile("|".join(f"(?:{form})" for form in forms if form))


def _in_use(digits: str, region: str) -> bool:
    prefix, form = _forms(region)
    return form.fullmatch(digits.removeprefix(prefix)) is not None


@cache
def _all_forms(regions: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The forms of several regions together, by national prefix."""
    by_prefix: dict[str, list[str]] = {}
    for prefix, form in map(_forms, regions):
        by_prefix.setdefault(prefix, []).append(form.pattern)
    return tuple((prefix, re.compile("|".join(forms))) for prefix, forms in by_prefix.items())


def _first_in_use(digits: str, regions: tuple[str, ...]) -> str:
    """The first of these regions in which the number is in use; empty if there is none."""
    forms = _all_forms(regions)
    if not any(form.fullmatch(digits.removeprefix(prefix)) for prefix, form in forms):
        return ""
    return next(region for region in regions if _in_use(digits, region))


@lru_cache(4096)
def _shaped(head: str, size: int) -> tuple[tuple[tuple[str, ...], Labels], ...]:
    """The regions where this many digits with this beginning can be a national number; shapes
    compare no more of them."""
    digits = head.ljust(size, "2")
    return tuple((regions, labels) for shape, regions, labels in _REGIONS if shape.match(digits))


def find(view: ScanText) -> Iterator[Hit]:
    for match in numbers(view, _INTERNATIONAL, _INTERNATIONAL_SHAPE):
        if hit := _international(view, match):
            yield hit
    found = {
        match.span(): _american(view, match) for match in numbers(view, _AMERICAN, _AMERICAN_SHAPE)
    }
    yield from filter(None, found.values())
    judged: _Judged = {}
    for pattern, shape in ((_NATIONAL, _NATIONAL_SHAPE), (_BRACKETED, _BRACKETED_SHAPE)):
        for match in numbers(view, pattern, shape):
            known = found.get(match.span())
            open_ = known is None or known.level < Level.MEDIUM
            if open_ and (region := _national(view, match, judged)):
                yield Hit(*match.span(), KIND, Level.MEDIUM, region)


def _american(view: ScanText, match: re.Match[str]) -> Hit | None:
    if match.group().isdigit() and _is_id(view.text, match.start()):
        return None
    polarity = view.label_polarity(*match.span(), _LABELS)
    if in_use_in_america(digits_of(match.group())[-10:]):
        if polarity > 0:
            return Hit(*match.span(), KIND, Level.HIGH, "US")
        foreign = polarity < 0 and "(" not in match.group()  # only telephone numbers have brackets
        return Hit(*match.span(), KIND, Level.LOW if foreign else Level.MEDIUM, "US")
    return Hit(*match.span(), KIND, Level.MEDIUM, "US_form") if polarity > 0 else None


def _international(view: ScanText, match: re.Match[str]) -> Hit | None:
    text = match.group()
    plus = text[0] == "+"
    value = "+" + digits_of(text).removeprefix("" if plus else "00")
    polarity = view.label_polarity(*match.span(), _LABELS)
    if not in_use(value[1:]):
        possible = plus and polarity > 0 and is_possible(value[1:])
        return Hit(*match.span(), KIND, Level.MEDIUM, "possible") if possible else None
    if plus and polarity > 0 and not value.startswith("+86"):  # found by the Chinese recognizers
        return Hit(*match.span(), KIND, Level.HIGH, "international")
    grouped = _AFTER_CODE.match(text) is not None and polarity == 0
    level = Level.MEDIUM if plus or grouped or polarity > 0 else Level.LOW
    return Hit(*match.span(), KIND, level, "international")


_AFTER_CODE = re.compile(_P["AFTER_CODE"])


_Judged = dict[tuple[str, int], str]


def _national(view: ScanText, match: re.Match[str], judged: _Judged) -> str:
    """The region of a national number, empty if it is not one; the same surroundings are judged
    once."""
    start, end = match.span()
    key = view.text[max(0, start - REACH) : end + 2], end - start
    if key not in judged:
        judged[key] = _region(view, match)
    return judged[key]


def _region(view: ScanText, match: re.Match[str]) -> str:
    digits = digits_of(match.group())
    at = match.start()
    if match.group().isdigit() and (_is_named(view.text, at) or _is_id(view.text, at)):
        return ""
    shaped = _shaped(digits[:_HEAD], len(digits))
    if not shaped or not (wanted := _wanted(view, match, [labels for _, labels in shaped])):
        return ""
    regions = tuple([r for known, labels in shaped if labels in wanted for r in known])
    return _first_in_use(digits, regions)


def _is_named(text: str, start: int) -> bool:
    """Part of a name, or named as the number of something else: SMS_246813579, "addr_id": 8812…"""
    named = _NAMED.search(text, max(0, start - _NAME), start)
    return named is not None and not _PHONE_LABELS.search(named["name"])


_NAME = 32
_NAMED = re.compile(_P["NAMED"])


_ID_REACH = 8
_ID = re.compile(r"(?:(?<![A-Za-z])(?i:id)|[a-z](?:Id|ID))[\"']?[ ]?[:=：]?[ ]?[\"']?\Z")
"""Directly before a number: `Deal id`, "eventId": …"""
_OF_PERSON = re.compile(_P["OF_PERSON"])


def _is_id(text: str, start: int) -> bool:
    found = _ID.search(text, max(0, start - _ID_REACH), start)
    if found is None:
        return False
    named = found.start() + (found.group()[1:2] in "Ii" and found.group()[0] not in "Ii")
    return not _OF_PERSON.search(text, max(0, named - _NAME), named)


def _wanted(view: ScanText, match: re.Match[str], labels: list[Labels]) -> list[Labels]:
    """Those of `labels` that refer to the number."""
    nearest = {
        each: view.label_polarity(*match.span(), each, look_after=False)
        for each in dict.fromkeys(labels)
    }
    if found := [each for each, polarity in nearest.items() if polarity > 0]:
        return found
    formed = _is_formed(view.text, match)
    return labels[:1] if formed and all(polarity == 0 for polarity in nearest.values()) else []


def _is_formed(text: str, match: re.Match[str]) -> bool:
    """Whether it needs no label."""
    return _is_signed(text, match) or _is_grouped(text, match)


def _is_signed(text: str, match: re.Match[str]) -> bool:
    start, value = match.start(), match.group()
    formed = value[0] in "0(（" and not value.isdigit()
    return formed and _INITIAL.search(text[max(0, start - 4) : start]) is not None


def _is_grouped(text: str, match: re.Match[str]) -> bool:
    """Whether no further group is next to it."""
    if match.group()[0] not in "08(":
        return False
    start, end = match.span()
    within_longer = _BEFORE.match(text, max(0, start - 2), start) or _AFTER.match(text, end)
    return not within_longer and _GROUPED.fullmatch(match.group()) is not None


_BEFORE, _AFTER = re.compile(r"[0-9][ .\-]"), re.compile(r"[ .\-][0-9]")


RECOGNIZER = described("phone", (KIND,), find, (open_match.token, open_match.number))
