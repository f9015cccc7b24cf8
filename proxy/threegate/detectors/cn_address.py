"""Chinese postal addresses by grammar: regions, road, number, building, unit, room; villages by
region and group.

Street names are free text, so the start is the clause start after the last lead-in word (住在,
送到, 地址 …). On a stream this costs a hold of that clause, at most `_LEFT` characters: the one
Chinese rule that holds prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors import tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.labels import words
from threegate.detectors.recognizer import Hit, Recognizer, View
from threegate.types import Bilingual, Level

KIND = "pii.address"
_LEFT = 28
"""Characters before the road or building in which regions and the street's name stand."""
_HAN = "\u3400-\u9fff"
_NUM = r"(?:[0-9]{1,5}[A-Za-z]?|[一二三四五六七八九十百零〇]{1,5}|[A-Za-z甲乙丙丁])"
_S = r"[ ]{0,2}"
_ROAD = r"(?:路|街|大道|道|巷|弄|胡同|里|村|公路|东街|西街|横路|新村|社区|镇|屯|寨|坪|湾)"
_UNIT = (
    rf"(?:{_S}(?:附|之)?{_NUM}{_S}(?:号楼|號樓|号院|號院|栋|棟|幢|座|期|区|區|单元|單"
    rf"元|楼|樓|层|層|室|房|户|组|排|门|號|号|弄|巷|床|舍|铺|鋪)"
    rf"(?:之[0-9]{{1,2}}|[东西南北中]户)?)"
)
_ROOM = (
    rf"(?:{_S}[A-Za-z]?[0-9]{{1,4}}(?:-[0-9]{{1,4}}){{0,2}}(?![0-9A-Za-z%年月日元块点"
    rf"时分米岁人个]))"
)
_STOP = "的了在到住是把址给我你他她它们去这请往称其找寄吗呢吧啊"
_LEADS = "位于|户籍|籍贯|注册|放在|那个|那里|收货|收貨|收件"
_NAME = rf"(?:(?!{_LEADS})(?![{_STOP}])[{_HAN}])"
_PLACE = (
    rf"(?:{_S}{_NAME}{{2,8}}?(?=[A-Za-z0-9一二三四五六七八九十甲乙丙]{{1,4}}(?:-[0-9]"
    rf"|栋|棟|幢|座|号楼|号院|单元|室|楼|层|期|区|排|房|(?<=[0-9]{{3}})(?![0-9A-Za-z%元年月日米人]))))"
)
_STREET = re.compile(
    rf"{_ROAD}(?:[东西南北中]段|[一二三四五六七八九十0-9]{{1,3}}段)?{_S}(?P<no>{_NUM}"
    rf"{_S}(?:号院|號院|号楼|號樓|号|號|弄|巷|组)(?:附[0-9]{{1,3}}|[甲乙丙])?)"
    rf"(?:{_PLACE}?{_UNIT}|{_ROOM}){{0,6}}"
)
_BUILDING = re.compile(
    rf"(?<![0-9A-Za-z])(?:[0-9]{{1,3}}|[A-Za-z]|[一二三四五六七八九十]{{1,3}}){_S}(?:"
    rf"号楼|號樓|栋|棟|幢|座){_UNIT}{{0,3}}{_ROOM}?"
)
_VILLAGE = re.compile(
    rf"(?:县|區|区|市|旗|镇|乡){_NAME}{{1,8}}(?:村|屯|社区|街道)(?:{_NAME}{{0,6}}"
    rf"{_UNIT}|{_NAME}{{1,4}}组)?"
)
_LEAD = re.compile(
    rf"户籍地|地址为|址为|住于|居于|现居|楼上|楼下|寝室|家搬|从(?!化)|{_LEADS}|[{_STOP}:：]"
    rf"|(?<![省市县區区旗州镇乡道路村街号\s])[ ]+|[^{_HAN}0-9A-Za-z \-]"
)
_FIRST = re.compile(rf"[{_HAN}]")
_OPEN_FIRST = re.compile(rf"(?:(?<![0-9A-Za-z])[0-9A-Za-z]{{1,3}}[ ]{{0,2}})?[{_HAN}]")
"""A building without a street begins with its number."""
_CHARS = re.compile(rf"[{_HAN}0-9A-Za-z \-]*")
_LONGEST = 64
_AHEAD = 24
"""Longest name and building that may still follow a complete address."""
_ROOMED = re.compile("单元|單元|室|房|[0-9]{3}")
_REGION = re.compile(r"[省市县区區旗州盟镇鎮乡鄉]")
_LABELS = words(
    "地址|住址|收货|收貨|送到|送至|寄到|家住|住在|户籍|现住|取件|收件|address|addr", "位于|上门"
)
_NOT_NAME = re.compile(r"[的了吗呢吧啊这那我你他她们很会就都也和]")


def find(view: View) -> Iterator[Hit]:
    for match in _STREET.finditer(view.text):
        start = _start(view, match)
        name = view.text[start : match.start()]
        if name and not _NOT_NAME.search(name):
            yield Hit(start, match.end(), KIND, _level(view, start, match, name))
    for match in _BUILDING.finditer(view.text):
        start = _start(view, match)
        if _ROOMED.search(match.group()):
            yield Hit(start, match.end(), KIND, Level.MEDIUM)
    for match in _VILLAGE.finditer(view.text):
        start = _start(view, match)
        if start < match.start() and len(_REGION.findall(view.text[start : match.end()])) >= 2:
            yield Hit(start, match.end(), KIND, Level.MEDIUM)


def _start(view: View, match: re.Match[str]) -> int:
    """Where the clause with the place names begins. Holds the hit while a building may follow."""
    core = match.start()
    left = max(0, core - _LEFT)
    cut = max((m.end() for m in _LEAD.finditer(view.text, left, core)), default=left)
    name = _FIRST.search(view.text, cut, core)
    start = name.start() if name else core
    rest = view.text[match.end() : match.end() + _AHEAD]
    if len(rest) < _AHEAD and _CHARS.fullmatch(rest):
        view.hold(start)
    return start


def _level(view: View, start: int, match: re.Match[str], name: str) -> Level:
    exact = match.end() > match.end("no") or bool(_REGION.search(name))
    labelled = bool(_LABELS.search(view.before(start)))
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


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="cn_address",
        kinds=(KIND,),
        title=Bilingual("中国地址", "Chinese postal address"),
        examples=(
            Example("快递我填的是虹口区四平路421弄17号602,要是", ("虹口区四平路421弄17号602",)),
            Example(
                "新地址成都市武侯区科华北路88号蓝馆3栋1904,周末",
                ("成都市武侯区科华北路88号蓝馆3栋1904",),
            ),
            Example(
                "请送到太原市小店区体育西路恒大绿洲9号楼2单元1701,家里",
                ("太原市小店区体育西路恒大绿洲9号楼2单元1701",),
            ),
            Example("家住绵阳市游仙区芙蓉桥街26号。", ("绵阳市游仙区芙蓉桥街26号",)),
            Example("坐602路在第11站换乘地铁4号线"),
            Example("从虹桥到浦东打车走哪条路不堵？"),
        ),
    ),
    trigger=rf"[0-9A-Za-z一二三四五六七八九十百零〇甲乙丙丁][ ]{{0,2}}(?:号|號|弄|巷|组|栋|棟"
    rf"|幢|座)|(?:县|區|区|市|旗|镇|乡)[{_HAN}]{{1,8}}(?:村|屯|社区|街道)",
    find=find,
    tails=(tails.token, tails.number, tail),
    rank=30,
)
