"""Chinese postal addresses by grammar: regions, road, number, building, unit, room; villages by
region and group.

Street names are free text, so the start is the clause start after the last lead-in word (住在,
送到, 地址 …). On a stream this costs a hold of that clause, at most `_LEFT` characters: the one
Chinese rule that holds prose.
"""

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
_LEFT = 40
"""Characters before the road or building in which regions and the street's name occur."""
_P = patterns("detectors.pii_cn", "address")
_HAN = _P["HAN"]
_STOP = _P["STOP"]
_STREET = re.compile(_P["STREET_OF"])
_STREETS = re.compile(_P["STREETS"])
_BUILDING = re.compile(_P["BUILDING"])
_BUILT = re2.compile("号楼|號樓|[栋棟幢座]|门 ?[0-9]{3}")
"""Occurs in every text with a building."""
_VILLAGE = re.compile(_P["VILLAGE"])
_FLOOR = re.compile(_P["FLOOR"])
_FLOORS = re2.compile("[樓楼層层] ?[A-Za-z0-9]{1,4} ?(?:座|室|單位|单位)")
_ESTATE = re.compile(_P["ESTATE"])
_ESTATES = re2.compile("[区园馆城苑府寓轩阁庭湾邸里居] ?[0-9]{1,3}-[0-9]{1,2}-[0-9]{3}")
"""Building, entrance and room of an estate: 翠屏国际城 12-2-1503."""
_TOWNS = re.compile("香港|九[龍龙]|新界|澳[門门]|氹仔|路環|台北|臺北|高雄|臺中|台中|臺南")
_NAMED = 4
"""Characters of the shortest name of a building and its town."""
_NUMBER = _P["NUMBER"]
_WORDS = _P["WORDS"]
_LEAD = re.compile(_P["LEAD"])
_DRAWN = re.compile(
    rf"[^{_HAN}0-9A-Za-z \-]|[{_STOP}:：]|{_NUMBER}"
    r"|[ ]+(?![省市县區区旗州镇乡道路村街号\s])|(?<!化)从|"
    + "|".join(word[::-1] for word in _WORDS.split("|"))
)
"""`_LEAD` in a text read from its end: the first one found is the last one of the text."""
_LEAD_END = re.compile(
    "["
    + "".join(sorted({w[-1] for w in _WORDS.split("|")}))
    + rf"{_STOP}从:： ]|[^{_HAN}0-9A-Za-z\-]|{_NUMBER}"
)
"""The characters with which a lead may end; without one of them there is no lead."""
_FIRST = re.compile(_P["FIRST"])
_OPEN_FIRST = re.compile(_P["OPEN_FIRST"])
_CHARS = re.compile(_P["CHARS"])
_LONGEST = 64
_AHEAD = 24
"""Longest name and building that may still follow a complete address."""
_ROOMED = re.compile("单元|單元|室|房|[0-9]{3}")
_HAS_ROOM = re.compile("室|房|[0-9]{3}")
_REGION = re.compile(r"[省市县区區旗州盟镇鎮乡鄉]")
_LABELS = labels("cn_address")
_NO_NAME = _P["NO_NAME"]
_NOT_NAME = re.compile(_NO_NAME)
_APART = re.compile(f"{_NO_NAME}|{_LEAD_END.pattern}")


def find(view: ScanText) -> Iterator[Hit]:
    yield from _streets(view)
    for match in _BUILDING.finditer(view.text) if _BUILT.search(view.data) else ():
        _hold(view, match)
        if _ROOMED.search(match.group()) and _is_one(view.text, match):
            yield Hit(_start(view, match.start()), match.end(), KIND, Level.MEDIUM)
    for match in _VILLAGE.finditer(view.text):
        _hold(view, match)
        start = _start(view, match.start())
        if start < match.start() and len(_REGION.findall(view.text[start : match.end()])) >= 2:
            yield Hit(start, match.end(), KIND, Level.MEDIUM)

    for match in _ESTATE.finditer(view.text) if _ESTATES.search(view.data) else ():
        _hold(view, match)
        start = _start(view, match.start())
        if match.start() - start >= 2 and not _NOT_NAME.search(view.text, start, match.start()):
            yield Hit(start, match.end(), KIND, Level.MEDIUM)
    for match in _FLOOR.finditer(view.text) if _has_floors(view) else ():
        _hold(view, match)
        start = _start(view, match.start())
        named = match.start() - start >= _NAMED and not _NOT_NAME.search(
            view.text, start, match.end()
        )
        if named and (_TOWNS.match(view.text, start) or view.last(start, _LABELS) >= 0):
            yield Hit(start, match.end(), KIND, Level.MEDIUM)


def _has_floors(view: ScanText) -> bool:
    """Whether there are any, and what `find` requires of the text before one."""
    if not _FLOORS.search(view.data):
        return False
    return _TOWNS.search(view.text) is not None or _LABELS.search(view.text)


def _is_one(text: str, match: re.Match[str]) -> bool:
    """A building without a name and a room number is the address of many people."""
    named = _FIRST.match(text, max(0, match.start() - 1))
    return named is not None or _HAS_ROOM.search(match.group()) is not None


def _streets(view: ScanText) -> Iterator[Hit]:
    """The streets of one clause are one address, so a text of nothing but streets has few
    addresses."""
    start, end, exact, at = 0, -_LEFT, False, 0
    while match := _STREET.search(view.text, at):
        core, at = match.span()
        _hold(view, match)
        joined = core - end < _LEFT and (core == end or not _APART.search(view.text, end, core))
        if not joined:
            if end > 0:
                yield Hit(start, end, KIND, _level(view, start, exact=exact))
            start, exact = _start(view, core), False
            if start == core or _NOT_NAME.search(view.text, start, core):
                end = -_LEFT
                continue
        exact = exact or _exact(view.text, end if joined else start, match)
        end = at
        if view.final and (more := _STREETS.match(view.text, at)):
            exact = exact or bool(more["within"])
            end = at = more.end()
    if end > 0:
        yield Hit(start, end, KIND, _level(view, start, exact=exact))


def _exact(text: str, named: int, match: re.Match[str]) -> bool:
    """Whether there is more than a number, or a region in the name that begins at `named`."""
    return bool(match["within"] or _REGION.search(text, named, match.start()))


def _start(view: ScanText, core: int) -> int:
    """Where the clause with the place names begins."""
    left = max(0, core - _LEFT)
    lead = (
        _DRAWN.search(view.text[left:core][::-1])
        if _LEAD_END.search(view.text, left, core)
        else None
    )
    name = _FIRST.search(view.text, core - lead.start() if lead else left, core)
    return name.start() if name else core


def _hold(view: ScanText, match: re.Match[str]) -> None:
    """Holds the hit while a building may follow."""
    if match.end() + _AHEAD > len(view.text) and _CHARS.fullmatch(view.text, match.end()):
        view.hold(_start(view, match.start()))


def _level(view: ScanText, start: int, *, exact: bool) -> Level:
    labelled = view.last(start, _LABELS) >= 0
    if exact:
        return Level.HIGH if labelled else Level.MEDIUM
    return Level.MEDIUM if labelled else Level.LOW


def tail(text: str) -> int:
    """The clause so far, from its first Chinese character."""
    run = _CHARS.match(text[: -_LONGEST - 1 : -1])
    start = len(text) - (run.end() if run else 0)
    cut = max((m.end() for m in _LEAD.finditer(text, start)), default=start)
    first = _OPEN_FIRST.search(text, cut)
    return first.start() if first else len(text)


RECOGNIZER = described(
    "cn_address", (KIND,), find, (open_match.token, open_match.number, tail), trigger=_P["TRIGGER"]
)
