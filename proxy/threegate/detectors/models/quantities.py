"""Numbers, percentages, amounts, durations and dates in Chinese and English, made comparable.

三千二百万 = 3200万 = 32 million; 百分之十二 = 12%; 2024年7月25日 = July 25, 2024. Pure. Numbers
that are not understood are left out, never guessed: a comparison uses only numbers that both sides
have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from threegate.data_files import table
from threegate.detectors.models.numerals import HAN_BIG, ONES, TENS, english, han
from threegate.types import Span


@dataclass(frozen=True, slots=True)
class Quantity:
    """`value` in the base of `unit` (months, metres, kilograms …). `about`: the text rounds."""

    value: float
    unit: str
    span: Span
    about: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A date; parts that the text leaves open are None."""

    year: int | None
    month: int | None
    day: int | None
    span: Span


Amount = Quantity | Day

_WORDS: Final = table("detectors.models", "quantities")
_SCALES: Final[Mapping[str, float]] = _WORDS["scales"]
_MONTHS: Final[Mapping[str, int]] = _WORDS["months"]
_PREFIXES: Final[Mapping[str, str]] = _WORDS["prefixes"]
_UNITS: Final[Sequence[tuple[str, str, float]]] = _WORDS["units"]
_TIMES: Final[Mapping[str, int]] = _WORDS["times"]

_HAN_NUMBER = r"[零〇一二三四五六七八九两兩十百千万萬亿億]"
_WORD = "|".join(sorted([*ONES, *TENS], key=len, reverse=True))
_NUMBER = re.compile(
    rf"""(?P<prefix>us\$|[$¥￥€£]|\brmb)?\s?
    (?:百分之(?P<part>{_HAN_NUMBER}+(?:点{_HAN_NUMBER}+)?|\d+(?:\.\d+)?)
      |(?<![A-Za-z0-9_.:])(?<![A-Za-z]-)(?P<ascii>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?!\d|:\d|(?:st|nd|rd|th)\b)
       (?:\s?(?P<scale>万亿|百万|千万|[十百千万萬亿億]|(?:hundred|thousand|million|billion|trillion)\b|(?(prefix)(?:k|mn|bn|m|b)|(?:k|mn|bn))\b))?
      |(?P<han>{_HAN_NUMBER}+(?:点{_HAN_NUMBER}+)?)
      |\b(?P<words>(?:{_WORD})(?:[\s-]+(?:and\s+)?(?:{_WORD}|hundred|thousand|million|billion))*)\b
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_UNIT = re.compile(
    r"[\s-]?多?余?(?:" + "|".join(f"(?P<u{i}>{u})" for i, (u, _, _) in enumerate(_UNITS)) + ")",
    re.IGNORECASE,
)
_OFTEN = re.compile(
    r"\b(?:once(?=\s+(?:(?:an?|per|each|every)\s+(?:hour|day|night|week|fortnight|month|quarter|year)"
    r"|daily|weekly|monthly|yearly)\b)|twice|thrice)\b",
    re.IGNORECASE,
)
"""How often; "once" without a time mostly says when ("once a member has paid")."""
_ABOUT = re.compile(
    r"(?:约|大约|将近|接近|近|超过|逾|about|around|roughly|nearly|almost|approximately|some|over"
    r"|more than)\s*(?:us)?[$¥￥€£]?\s*$",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s?(?:[-–—~～至到]|to)\s?$", re.IGNORECASE)
_YEAR_AFTER = r"(?:,?\s+(?P<y>\d{4}))?"
_NTH = r"(?P<d>\d{1,2})(?:st|nd|rd|th)?"
_MONTH = (
    r"(?:(?P<n>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"(?:uary|ruary|ch|il|e|y|ust|t(?:ember)?|ober|ember)?\b\.?)"
)
_DATES = (
    re.compile(r"(?P<y>\d{4}|[零〇一二三四五六七八九]{4})\s?年(?:\s?(?P<m>\d{1,2}|[一二三四五六七八九十]{1,3})\s?月(?:\s?(?P<d>\d{1,2}|[一二三四五六七八九十]{1,3})\s?[日号])?)?"),
    re.compile(r"(?P<m>\d{1,2})\s?月\s?(?P<d>\d{1,2})\s?[日号]"),
    re.compile(r"(?<!\d)(?P<y>\d{4})[-/.](?P<m>\d{1,2})(?:[-/.](?P<d>\d{1,2}))?(?!\d)"),
    re.compile(rf"\b{_MONTH}\s+{_NTH}\b{_YEAR_AFTER}", re.IGNORECASE),
    re.compile(rf"\b{_NTH}\s+(?:of\s+)?{_MONTH}\b{_YEAR_AFTER}", re.IGNORECASE),
    re.compile(rf"\b{_MONTH}\s+(?P<y>\d{{4}})\b", re.IGNORECASE),
    re.compile(r"(?<![\d.,$¥￥-])(?P<y>(?:19|20)\d{2})(?!\d|[,.]\d|\s?(?:[年个万亿元人名米%]|million|people|yuan))"),
)  # fmt: skip


_SECOND_YEAR = re.compile(r"[-–—/]\d{2}(?!\d)")  # 2018-19


def amounts(text: str) -> tuple[Amount, ...]:
    """All numbers and dates that are understood, in text order."""
    days = list(_days(text))
    taken = [_with_second_year(text, day.span) for day in days]
    found = sorted([*_quantities(text), *_often(text)], key=lambda q: q.span)
    numbers = [q for q in found if not any(_overlap(q.span, t) for t in taken)]
    return tuple(sorted([*days, *_ranged(text, numbers)], key=lambda a: a.span))


def _with_second_year(text: str, span: Span) -> Span:
    more = _SECOND_YEAR.match(text, span.end)
    return Span(span.start, more.end()) if more else span


def missing(claim: Iterable[Amount], sources: Iterable[Amount]) -> tuple[Amount, ...]:
    """The amounts that the claim states and no source does."""
    known = tuple(sources)
    return tuple(a for a in claim if not any(same(a, b) for b in known))


def same(claim: Amount, source: Amount) -> bool:
    """Whether the claim's amount is the source's. A date may be less specific than the source's; a
    rounded number may be 3 % off."""
    match claim, source:
        case Day(), Day():
            fields = (
                (claim.year, source.year),
                (claim.month, source.month),
                (claim.day, source.day),
            )
            return all(a is None or b is None or a == b for a, b in fields)
        case Quantity(), Quantity():
            near = 0.03 if claim.about or source.about else 1e-6
            close = abs(claim.value - source.value) <= near * max(abs(source.value), 1e-9)
            return close and alike(claim, source)
        case _:
            return False


def alike(left: Amount, right: Amount) -> bool:
    """Whether two amounts measure the same thing: both dates, or units that may be compared."""
    match left, right:
        case Day(), Day():
            return True
        case Quantity(), Quantity():
            loose = ("", "count")
            return left.unit == right.unit or (left.unit in loose and right.unit in loose)
        case _:
            return False


def _overlap(a: Span, b: Span) -> bool:
    return a.start < b.end and b.start < a.end


def _days(text: str) -> Iterator[Day]:
    taken: list[Span] = []
    for pattern in _DATES:
        for match in pattern.finditer(text):
            span = Span(*match.span())
            day = _day(match, span)
            if day is not None and not any(_overlap(span, t) for t in taken):
                taken.append(span)
                yield day


def _day(match: re.Match[str], span: Span) -> Day | None:
    got = match.groupdict()
    year, day = _whole(got.get("y")), _whole(got.get("d"))
    month = _MONTHS[got["n"].lower()] if got.get("n") else _whole(got.get("m"))
    fits = (month is None or 1 <= month <= 12) and (day is None or 1 <= day <= 31)
    return Day(year, month, day, span) if fits else None


def _whole(text: str | None) -> int | None:
    if text is None:
        return None
    return int(text) if text.isdecimal() else int(han(text))


def _quantities(text: str) -> Iterator[Quantity]:
    for match in _NUMBER.finditer(text):
        value = _value(match)
        unit, factor, end = _unit_after(text, match)
        if value is None or _is_article(match, unit):
            continue
        about = bool(_ABOUT.search(text, max(0, match.start() - 14), match.start()))
        about = about or text[match.end() : match.end() + 1] in ("多", "余")
        start = match.start() + len(match.group()) - len(match.group().lstrip())
        yield Quantity(round(value * factor, 9), unit, Span(start, end), about)


def _often(text: str) -> Iterator[Quantity]:
    for match in _OFTEN.finditer(text):
        yield Quantity(_TIMES[match.group().lower()], "times", Span(*match.span()))


def _value(match: re.Match[str]) -> float | None:
    if part := match["part"]:
        return float(part) if part[0].isdigit() and part[0].isascii() else han(part)
    if match["ascii"]:
        scale = _SCALES[match["scale"].lower()] if match["scale"] else 1.0
        return float(match["ascii"].replace(",", "")) * scale
    if match["han"]:
        return han(match["han"])
    return english(match["words"])


def _unit_after(text: str, match: re.Match[str]) -> tuple[str, float, int]:
    if match["part"]:
        return "%", 1, match.end()
    prefix = (match["prefix"] or "").lower()
    found = _UNIT.match(text, match.end())
    if found and found.lastgroup:
        _, unit, factor = _UNITS[int(found.lastgroup[1:])]
        return _PREFIXES.get(prefix, unit), factor, found.end()
    return _PREFIXES.get(prefix, ""), 1, match.end()


def _is_article(match: re.Match[str], unit: str) -> bool:
    """一个 and "one" are mostly not numbers, and neither are Chinese numerals inside words (统一,
    万一)."""
    if match["words"]:
        return match["words"].lower() == "one" and unit in ("", "count", "person")
    if match["han"] is None:
        return False
    short = len(match["han"]) == 1 or match["han"][0] in HAN_BIG
    return (short and unit == "") or (match["han"] == "一" and unit in ("count", "person", "times"))


def _ranged(text: str, numbers: list[Quantity]) -> Iterator[Quantity]:
    """3-5天: the first number has the unit of the second."""
    for i, number in enumerate(numbers):
        after = numbers[i + 1] if i + 1 < len(numbers) else None
        if after is not None and number.unit == "" and after.unit:
            between = text[number.span.end : after.span.start]
            if len(between) <= 4 and _RANGE.search(between):
                yield replace(number, unit=after.unit, value=number.value * _factor(text, after))
                continue
        yield number


def _factor(text: str, number: Quantity) -> float:
    match = _NUMBER.match(text, number.span.start)
    return _unit_after(text, match)[1] if match else 1.0
