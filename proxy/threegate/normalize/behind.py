"""The view of labels behind their values: what is named behind itself also reads behind its name.

`hunter22 is my password` becomes `password：hunter22`, 851207是门锁密码 门锁密码：851207; so
do `mumu_0417（微信）` and `use sunflower as the password`. What a label is worth detectors say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from threegate.normalize.view import Edit, View, replaced

NAME = "behind"
_LABEL = "(?:pass(?:word|wd|phrase|code)|密[码碼]|口令)"
_ENGLISH = (
    rf"(?:{_LABEL}|pin|otp|(?:one[- ]time|verification|security|door|alarm|access|unlock) code"
    r"|(?:api |secret |access |private )?key|token|secret|account|passport|wechat|qq"
    r"|driv(?:er['’]?s|ing) licen[cs]e|ssn|sin|nino|ni|nric|pesel|aadhaar|tfn|abn|nhs|nif|nie|dni"
    r"|(?:thai|national|tax|citizen|korean|turkish|swedish|german) id|medical record|patient"
    r"|(?:social security|insurance))(?: (?:number|no|id))?"
)
_CHINESE = (
    rf"(?:{_LABEL}|[验驗][证證][码碼]|密[钥鑰匙]|秘钥|令牌|secret|token|key|[账帳][号號户戶]|微信|qq|扣扣"
    r"|病[历歷案]|住院|就[诊診]卡?|医保卡?|社保卡?|[护護]照|[驾駕][照驶駛]证?|身[份分][证證]|学号)"
    "(?:号码|號碼|编号|[号號])?"
)
_PHRASE = r"[A-Za-z'’\- \u4e00-\u9fff]"
_IS = "(?:is|was)(?: (?:still|now|also|just))? (?:my|our|his|her|their|your|the|[a-z]{2,12}['’]s)"
_NAMED = re.compile(
    rf"(?i)(?P<close>[\"'”’`」』]?)(?:,? {_IS}|(?P<as> as)(?: (?:my|our|the|an?))?) "
    rf"(?P<label>(?:[a-z'’\-]{{2,12}} ){{0,3}}?{_ENGLISH})"
    r"(?=[ ]?(?:[.,;:!?)\n，。；！？]|\Z|(?:for|on|at|in|and|but|so|everywhere|now|too)\b))"
    r"|(?P<shut>[\"'”’`」』]?) ?"
    r"(?:[就才也]?[是为為]|(?P<use>当[作成]?|[作做]为?|设置?[为成]|定为)) ?"
    rf"(?P<name>[\u4e00-\u9fffA-Za-z ]{{0,10}}?{_CHINESE})"
    r"(?=[了吧呢啊后就]|(?![\u4e00-\u9fffA-Za-z0-9_]))"
    rf"|[ ]?[(（](?P<noted>{_PHRASE}{{0,8}}?(?:{_ENGLISH}|{_CHINESE}))[)）]"
)
_LIKELY = re2.compile(
    rf"(?i)[0-9a-z!#$%*_\"'`”’」』](?:(?:,? {_IS}| as) [a-z'’\- ]*?{_ENGLISH}"
    rf"| ?(?:是|为|為|当|作|做|设|定)[\p{{Han}}a-z ]*?{_CHINESE}"
    rf"| ?[(（][\p{{Han}}a-z'’\- ]*?(?:{_ENGLISH}|{_CHINESE})[)）])"
)
"""Begins with the last character of a value or the quotes behind it."""
_IN_VALUE = "".join(chr(c) for c in range(0x21, 0x7F) if chr(c) not in "\"'`,;<>()[]{}")
_OPEN = "\"'“‘`「『"
_MARKS = "\"'”’`」』"
_LONGEST = 128
_LETTERS = re.compile(r"[a-z]{6,32}|[A-Za-z]{3,12}(?:-[A-Za-z]{3,12}){2,4}")
_NUMBERED = re.compile(r"(?=.{4})[^0-9]*[0-9]")
_MINE = re.compile(r"(?i),? (?:is|was)[a-z ]* (?:my|our|his|her) ")


def may_stand(text: str) -> bool:
    return _LIKELY.search(text) is not None


def behind(source: View) -> View:
    """`source` itself when no value is named behind itself."""
    return replaced(source, NAME, list(_edits(source.text)))


def _edits(text: str) -> Iterator[Edit]:
    stop = 0
    for at in _likely(text):
        match = _NAMED.match(text, at) if text[at] in _MARKS else None
        match = match or _NAMED.match(text, at + 1)
        if match is not None and at >= stop:
            yield from _before(text, stop, match)
            stop = match.end()


def _likely(text: str) -> Iterator[int]:
    """Where matches of `_LIKELY` begin, without match objects: these cost more than a search."""
    data, search, at = text.encode(), _LIKELY._regexp.Match, 0
    place = seen = 0
    while (found := search(re2._Anchor.UNANCHORED, data, at, len(data))[0])[0] >= 0:
        place += len(data[seen : found[0]].decode())
        seen, at = found
        yield place


def _before(text: str, stop: int, match: re.Match[str]) -> Iterator[Edit]:
    """The label of `match` put before the value in front of it; quotes around one of letters."""
    end, label = match.start(), match["label"] or match["name"] or match["noted"]
    window = text[max(stop, end - _LONGEST) : end]
    start = end - len(window) + len(window.rstrip(_IN_VALUE))
    if _NUMBERED.match(text[start:end]):
        yield start, start, f"\n{label}："
    elif _is_word(text, start, match) and re.search(f"(?i){_LABEL}", label):
        yield start, start, f'\n{label}："'
        yield end, end, '"'


def _is_word(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether what stands before may be a password of letters: in quotes, used as one, or what a
    clause begins with."""
    if not _LETTERS.fullmatch(text, start, match.start()):
        return False
    quoted = bool(match["close"] or match["shut"]) and text[max(0, start - 1) : start] in _OPEN
    before = text[max(0, start - 2) : start].strip(" ")
    begins = not before or before[-1] in ".,;!?:。，；！？：\n"
    mine = bool(_MINE.match(match.group())) and begins
    return (start > 0 and quoted) or bool(match["as"] or match["use"]) or mine
