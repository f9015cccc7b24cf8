"""Telephone numbers outside mainland China, judged by the phonenumbers library on pre-scanned
candidates.

With a country code or in a full national form a valid number is MEDIUM; other national forms
need a label.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import phonenumbers

from threegate.detectors import tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.labels import words
from threegate.detectors.recognizer import DASH, EDGE, Hit, Recognizer, digits_of, numbers
from threegate.detectors.sieve import Ints, Sieve, together
from threegate.detectors.stretches import NUMBER
from threegate.detectors.surroundings import SPACE, View, cue
from threegate.types import Bilingual, Level

KIND = "pii.phone"
_GAP = rf"[{SPACE}{DASH}./]"
_INTERNATIONAL = re.compile(
    rf"(?:[+](?<![0-9A-Za-z+].)|0(?<![0-9A-Za-z.\-].)0(?=[1-9]))[1-9](?:(?:{_GAP}|[ ]"
    rf"?[(（]0?[)）]?|[)）][ ]?)?[0-9]){{6,14}}{EDGE}"
)
_AMERICAN = re.compile(
    rf"(?:1(?<![0-9A-Za-z.\-+].){_GAP})?(?:[(](?<![0-9A-Za-z].)[1-9][0-9]{{2}}[)][ ]?"
    rf"|[2-9](?<![0-9A-Za-z].)(?<![0-9][.\-/(].)[0-9]{{2}}(?P<gap>[{DASH}. \u00a0]))"
    rf"[1-9][0-9]{{2}}[{DASH}. ][0-9]{{4}}{EDGE}(?!-[0-9])"
)
_NATIONAL = re.compile(
    rf"[0-9](?<![0-9A-Za-z+].)(?<![0-9][.\-/].)(?<![0-9][)] .)(?<![0-9][)].)(?=[0-9])"
    rf"(?!(?<=[12])[0-9]{{3}}-[0-9]{{2}}-[0-9]{{2}})(?:[{SPACE}{DASH}]?[0-9]){{6,11}}{EDGE}(?!"
    rf"-[0-9])"
)
_LABELS = words(
    "电话|電話|手机|手機|联系|聯絡|致电|撥打|拨打|whatsapp|phone|mobile|tel|cell",
    "call|text me|reach|contact|fax|number is|ring|dial|sms|home|office",
)
_REGIONS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"0[0-9]{7,11}$"), ("TW", "GB", "AU", "DE", "FR", "JP", "KR", "IT")),
    (re.compile(r"[2-9][0-9]{7}$"), ("HK", "SG", "MO")),
    (re.compile(r"[6-9][0-9]{8}$"), ("ES",)),
    (re.compile(r"[2-9][0-9]{9}$|1[2-9][0-9]{2}[2-9][0-9]{6}$"), ("US", "IN")),
)
"""Where a number of that shape can be national: parsing is what costs."""


def find(view: View) -> Iterator[Hit]:
    for match in numbers(view, _INTERNATIONAL, _international_spots):
        if hit := _international(view, match):
            yield hit
    for match in numbers(view, _AMERICAN, _american_spots):
        near = cue(view, *match.span(), _LABELS)
        if _valid_in_america(match.group()):
            level = Level.HIGH if near > 0 else Level.LOW if near else Level.MEDIUM
            yield Hit(*match.span(), KIND, level, "US")
        elif near > 0:
            yield Hit(*match.span(), KIND, Level.MEDIUM, "US_form")
    for match in numbers(view, _NATIONAL, _national_spots):
        if hit := _national(view, match):
            yield hit


def _international_spots(sieve: Sieve) -> Ints:
    i = sieve.rows(7)
    plus = sieve.at[i] - 1
    zeros = sieve.at[i[sieve.solid(i, 0, 1) & (sieve.number(i, 0, 2) == 0)]]
    return together(plus[sieve.codes[np.maximum(plus, 0)] == ord("+")], zeros)


def _american_spots(sieve: Sieve) -> Ints:
    """Three, three and four digits, a bracket or the country's 1 before them."""
    i = sieve.rows(10, sieve.runs(3))
    i = i[sieve.solid(i, 3, 5) & sieve.solid(i, 6, 9) & sieve.ends(i + 9)]
    start = sieve.at[i]
    bracket = start[sieve.codes[np.maximum(start - 1, 0)] == ord("(")] - 1
    plain = start[(sieve.digit[i] >= 2) & ~sieve.goes_on(start)]
    return together(plain, bracket, sieve.at[i[(i > 0) & (sieve.digit[i - 1] == 1)] - 1])


def _national_spots(sieve: Sieve) -> Ints:
    start = sieve.at[sieve.rows(7)]
    return start[sieve.labelled(start, _LABELS)]


def _international(view: View, match: re.Match[str]) -> Hit | None:
    value = "+" + digits_of(match.group()).removeprefix("00" if match.group()[0] == "0" else "")
    if not _valid(value, None):
        return None
    near = cue(view, *match.span(), _LABELS)
    plus = match.group()[0] == "+"
    level = Level.HIGH if near > 0 and plus else Level.MEDIUM if plus or near > 0 else Level.LOW
    return Hit(*match.span(), KIND, level, "international")


def _national(view: View, match: re.Match[str]) -> Hit | None:
    digits = digits_of(match.group())
    regions = next((rs for shape, rs in _REGIONS if shape.match(digits)), ())
    if not regions or cue(view, *match.span(), _LABELS, behind=False) <= 0:
        return None
    region = next((r for r in regions if _valid(digits, r)), None)
    return Hit(*match.span(), KIND, Level.MEDIUM, region) if region else None


def _valid_in_america(value: str) -> bool:
    """As `_valid` says it of ten digits, a 1 before them or not, without parsing them."""
    number = phonenumbers.PhoneNumber(1, int(digits_of(value)[-10:]))
    return bool(phonenumbers.is_valid_number(number))


def _valid(value: str, region: str | None) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(value, region))
    except phonenumbers.NumberParseException:
        return False


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="phone",
        kinds=(KIND,),
        title=Bilingual("境外电话号码", "International phone number"),
        examples=(
            Example("reach my mum on +49 151 36397921 after six", ("+49 151 36397921",)),
            Example("手机+65 8188 5611。", ("+65 8188 5611",)),
            Example('"phone":"(713) 569-1896"', ("(713) 569-1896",)),
            Example("new number is 617.438.1020, mine", ("617.438.1020",)),
            Example("+1-617-743-0420吗", ("+1-617-743-0420",)),
            Example("電話0920032283，謝謝", ("0920032283",)),
            Example("聯絡電話 5283-3456，電郵", ("5283-3456",)),
            Example("978-7-48646-469-4 and 120.0.6099.291"),
            Example("ticket 53297269684, 1+1=2, +86"),
            Example("lines 201-260 move, 1,204,500"),
        ),
    ),
    trigger=NUMBER,
    find=find,
    tails=(tails.token, tails.number),
    rank=40,
    plain=False,
)
