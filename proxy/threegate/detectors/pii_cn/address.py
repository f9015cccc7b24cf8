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

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.recognizer import Hit
from threegate.types import Level

KIND = "pii.address"
_LEFT = 40
"""Characters before the road or building in which regions and the street's name occur."""
_HAN = "\u3400-\u9fff"
_NUM = r"(?:[0-9]{1,5}[A-Za-z]?|[一二三四五六七八九十百零〇]{1,5}|[A-Za-z甲乙丙丁])"
_S = r"[ ]{0,2}"
_ROAD = r"(?:[路街道巷弄里村镇屯寨坪湾]|大道|胡同|公路|东街|西街|横路|新村|社区)"
_D = "一二三四五六七八九十0-9"
_PART = rf"(?:[东西南北中{_D}](?:段|(?<![东西南北中])[{_D}](?:段|[{_D}]段)))"
_UNIT = (
    rf"(?:{_S}(?:附|之)?{_NUM}{_S}(?:号楼|號樓|号院|號院|栋|棟|幢|座|期|区|區|单元|單"
    rf"元|楼|樓|层|層|室|房|户(?![主名型籍口])|组|排|门|號|号|弄|巷|床|舍|铺|鋪)(?<!座(?=[位次席谈]))"
    rf"(?:之[0-9]{{1,2}}|[东西南北中]户)?)"
)
_ROOM = (
    rf"(?:{_S}[A-Za-z]?[0-9]{{1,4}}(?:-[0-9]{{1,4}}){{0,2}}(?:(?<=[0-9]{{3}})[A-Z])?(?![0-9A-Za-z%年月日元块点"
    rf"时分米岁人个])(?!-[0-9]{{5}}))"
)
_STOP = "的了在到住是把址给我你他她它们去这请往称其找寄吗呢吧啊"
_LEADS = (
    "位于|走失于|出生于|发生于|住所地|住所|坐落于|坐落|座落|户籍|籍贯|注册|放在|那个|那里"
    "|收货|收貨|收件"
)
_NAME = rf"(?:(?!{_LEADS})[{_HAN}](?<![{_STOP}]))"
_PLACE = (
    rf"(?:{_S}{_NAME}{{2,12}}?(?=[A-Za-z0-9一二三四五六七八九十甲乙丙]{{1,4}}(?:-[0-9]"
    rf"|栋|棟|幢|座|号楼|号院|单元|室|楼|层|期|区|排|房|舍|(?<=[0-9]{{3}})(?![0-9A-Za-z%元年月日米人]))))"
)
_TOWER = (
    rf"(?:{_S}{_NAME}{{1,10}}?(?:[座塔厦苑园城府寓轩阁庭湾邸]|广场|中心|公馆|小区){_S}[A-Za-z]?"
    r"(?:[0-9]{3,4}[A-Z]?|[0-9]{1,2}[A-Z])"
    r"(?![0-9A-Za-z%元年月日米人平家户万亩个]))"
)
"""A room of a building that has a name."""
_MAY = rf"(?=[ 附之A-Za-z甲乙丙丁百零〇{_D}]|[{_HAN}]{{2}})"
"""Where a unit or room may begin: most streets have none."""
_STREET_OF = (
    rf"{_ROAD}(?:{_PART}|{_NAME}{{1,4}}段)?{_S}{_NUM}(?:[之\-][0-9]{{1,3}})?{_S}(?:号[院楼]?|號[院樓]?|弄|巷|组)(?:附[0-9]{{1,3}}|[甲乙丙])?"
    rf"(?P<within>(?:{_MAY}(?:{_PLACE}?{_UNIT}|{_ROOM}|{_TOWER})){{1,6}}+)?+"
)
_STREET = re.compile(_STREET_OF)
_STREETS = re.compile(rf"(?:{_STREET_OF}){{1,64}}+")
_BUILDING = re.compile(
    rf"[A-Za-z{_D}](?<![0-9A-Za-z].)(?:(?<=[0-9])[0-9]{{0,2}}|(?<=[A-Za-z])"
    rf"|(?<=[一二三四五六七八九十])[一二三四五六七八九十]{{0,2}})"
    rf"{_S}(?:号楼|號樓|栋|棟|幢|座(?![位次席谈])|门(?=[ ]?[0-9]{{3}})){_UNIT}{{0,3}}{_ROOM}?"
)
_BUILT = re2.compile("号楼|號樓|[栋棟幢座]|门 ?[0-9]{3}")
"""Occurs in every text with a building."""
_ANY = "[各全本该每某等及内省市县區区旗镇鎮乡鄉街道社村]{1,8}(?:村|屯|社区|街道)"
"""Not a name: 全市各区社区."""
_VILLAGE = re.compile(
    rf"(?:县|區|区|市|旗|镇|乡)(?!{_ANY}){_NAME}{{1,8}}(?:村|屯|社区|街道)(?:{_NUM}[社队])?(?:{_NAME}{{0,6}}"
    rf"{_UNIT}|{_NAME}{{1,4}}组)?"
)
_FLOOR = re.compile(
    r"[0-9](?<![0-9A-Za-z].)[0-9]{0,2}[ ]?[樓楼層层][ ]?[A-Za-z0-9]{1,4}[ ]?"
    r"(?:座(?!位)|室|單位|单位)"
)
_FLOORS = re2.compile("[樓楼層层] ?[A-Za-z0-9]{1,4} ?(?:座|室|單位|单位)")
_ESTATE = re.compile(
    r"(?:小区|花园|家园|公馆|[城苑园府寓轩阁庭湾邸里居])[ ]?[0-9]{1,3}-[0-9]{1,2}-"
    r"(?!(?:19|20)[0-9]{2})[0-9]{3,4}(?![0-9A-Za-z.\-])"
)
_ESTATES = re2.compile("[区园馆城苑府寓轩阁庭湾邸里居] ?[0-9]{1,3}-[0-9]{1,2}-[0-9]{3}")
"""Building, entrance and room of an estate: 翠屏国际城 12-2-1503."""
_TOWNS = re.compile("香港|九[龍龙]|新界|澳[門门]|氹仔|路環|台北|臺北|高雄|臺中|台中|臺南")
_NAMED = 4
"""Characters of the shortest name of a building and its town."""
_NUMBER = "[0-9]{7}"
"""A telephone number directly before the address, without a space between."""
_WORDS = f"户籍地|地址为|址为|住于|居于|现居|楼上|楼下|寝室|家搬|{_LEADS}"
_LEAD = re.compile(
    rf"{_WORDS}|从(?!化)|[{_STOP}:：]"
    r"|(?<![省市县區区旗州镇乡道路村街号园馆城苑府寓轩阁庭湾邸里居\s])[ ]+"
    rf"|[^{_HAN}0-9A-Za-z \-]|{_NUMBER}"
)
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
_FIRST = re.compile(rf"[{_HAN}]")
_OPEN_FIRST = re.compile(rf"(?:(?<![0-9A-Za-z])[0-9A-Za-z]{{1,3}}[ ]{{0,2}})?[{_HAN}]")
"""A building without a street begins with its number."""
_CHARS = re.compile(rf"[{_HAN}0-9A-Za-z \-]*")
_LONGEST = 64
_AHEAD = 24
"""Longest name and building that may still follow a complete address."""
_ROOMED = re.compile("单元|單元|室|房|[0-9]{3}")
_HAS_ROOM = re.compile("室|房|[0-9]{3}")
_REGION = re.compile(r"[省市县区區旗州盟镇鎮乡鄉]")
_LABELS = labels("cn_address")
_NO_NAME = (
    "[的了吗呢吧啊这那我你他她们很就也]|都(?<![成新江宜昌丰于武首京]都)(?!江堰|匀|昌|兰|安|市|区|县)"
    "|和(?<![仁太政平泰云永同中嘉祥义共安呼]和)(?!平|田|县|硕|静|顺|林|龙|政|谐|睦|兴)"
    "|会(?<![四新社机]会)(?!宁|理|昌|同|泽|展|稽|仙|东|城)"
)
"""Words of a sentence, unless they are part of a place's name."""
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
    "cn_address",
    (KIND,),
    find,
    (open_match.token, open_match.number, tail),
    trigger=(
        rf"[0-9A-Za-z一二三四五六七八九十百零〇甲乙丙丁][ ]{{0,2}}(?:号|號|弄|巷|组|栋|棟"
        rf"|幢|座)|(?:县|區|区|市|旗|镇|乡)[{_HAN}]{{1,8}}(?:村|屯|社区|街道)"
        r"|[樓楼層层] ?[A-Za-z0-9]{1,4} ?(?:座|室|單位|单位)|门 ?[0-9]{3}"
        r"|[区园馆城苑府寓轩阁庭湾邸里居] ?[0-9]{1,3}-[0-9]{1,2}-[0-9]{3}"
    ),
)
