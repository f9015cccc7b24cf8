"""The view that puts a label that follows its value in front of it, where detectors look for it.

`hunter22 is my password` becomes `password：hunter22`, 851207是门锁密码 becomes 门锁密码：851207;
so do `mumu_0417（微信）` and `use sunflower as the password`. Detectors decide what a label means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import re2

from threegate.normalize.re2_spans import char_spans
from threegate.normalize.view import Edit, View, replaced
from threegate.normalize.work import meter

NAME = "label_first"
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
_WORDS = rf"(?:[a-z'’\-]{{2,12}} ){{0,3}}?{_ENGLISH}"
_ON = "(?:for|on|at|in|and|but|so|everywhere|now|too)"
_NAMED = re.compile(
    rf"(?i)(?P<close>[\"'”’`」』]?)(?:,? {_IS}|(?P<as> as)(?: (?:my|our|the|an?))?) "
    rf"(?P<label>{_WORDS})(?=[ ]?(?:[.,;:!?)\n，。；！？]|\Z|{_ON}\b))"
    r"|(?P<shut>[\"'”’`」』]?) ?"
    r"(?:[就才也]?[是为為]|(?P<use>当[作成]?|[作做]为?|设置?[为成]|定为)) ?"
    rf"(?P<name>[\u4e00-\u9fffA-Za-z ]{{0,10}}?{_CHINESE})"
    r"(?=[了吧呢啊后就]|(?![\u4e00-\u9fffA-Za-z0-9_]))"
    rf"|[ ]?[(（](?P<noted>{_PHRASE}{{0,8}}?(?:{_ENGLISH}|{_CHINESE}))[)）]"
)
TRIGGER = (
    rf"(?i)[0-9a-z!#$%*_\"'`”’」』](?:(?:,? {_IS}| as) [a-z'’\- ]*?{_ENGLISH}"
    rf"| ?(?:是|为|為|当|作|做|设|定)[\p{{Han}}a-z ]*?{_CHINESE}"
    rf"| ?[(（][\p{{Han}}a-z'’\- ]*?(?:{_ENGLISH}|{_CHINESE})[)）])"
)
"""RE2; matches in every text with such a label. The match begins with the last character of the
value or the quotes after it."""
_LIKELY = re2.compile(TRIGGER)
_VALUE = re.compile(r"[^\x00-\x20\x7f-\U0010ffff\"'`,;<>()\[\]{}]*\Z")
"""The last word before a label."""
_OPEN = "\"'“‘`「『"
_MARKS = "\"'”’`」』"
_LONGEST = 128
_LETTERS = re.compile(r"[a-z]{6,32}|[A-Za-z]{3,12}(?:-[A-Za-z]{3,12}){2,4}")
_DIGIT = re.compile("[0-9]")
_SECRET = re.compile(f"(?i){_LABEL}")
_LEAST = 4
"""Fewest characters of a value that contains a digit."""
_MINE = re.compile(r"(?i),? (?:is|was)[a-z ]* (?:my|our|his|her) ")


def label_first(source: View) -> View:
    """`source` itself when no label follows its value."""
    found = _labelled_values(source.text)
    return replaced(source, NAME, [edit for value in found for edit in _edits(value)])


class _LabelledValue(NamedTuple):
    """A value and the label that follows it. `quoted`: a password of letters only, which the view
    puts in quotes."""

    start: int
    end: int
    label: str
    quoted: bool


def _labelled_values(text: str) -> Iterator[_LabelledValue]:
    stop, spend = 0, meter().spend
    for at, last in char_spans(_LIKELY, text, text.encode()):
        if at < stop:
            continue
        spend()
        in_brackets = text[last - 1] in ")）"
        begin = at if text[at] in _MARKS and not in_brackets else at + 1
        if match := _label(text, begin):
            if value := _value(text, match, stop):
                yield value
            stop = match.end()


def _label(text: str, begin: int) -> re.Match[str] | None:
    """The label that begins here, or after a quote at this position."""
    match = _NAMED.match(text, begin)
    if not match and text[begin : begin + 1] in _MARKS:
        match = _NAMED.match(text, begin + 1)
    return match


def _value(text: str, match: re.Match[str], least: int) -> _LabelledValue | None:
    """The value before the label; it does not begin before `least`."""
    end = match.start()
    word = _VALUE.search(text, max(least, end - _LONGEST), end)
    start = word.start() if word else end
    label = match["label"] or match["name"] or match["noted"]
    if end - start >= _LEAST and _DIGIT.search(text, start, end):
        return _LabelledValue(start, end, label, quoted=False)
    if _SECRET.search(label) and _is_word(text, start, match):
        return _LabelledValue(start, end, label, quoted=True)
    return None


def _is_word(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether the word may be a password of letters only: it is in quotes, is stated to be used as
    one, or begins its clause."""
    if not _LETTERS.fullmatch(text, start, match.start()):
        return False
    closed = match["close"] or match["shut"]
    if match["as"] or match["use"] or (closed and start > 0 and text[start - 1] in _OPEN):
        return True
    before = text[max(0, start - 2) : start].strip(" ")
    mine = _MINE.match(match.group()) is not None
    return mine and (not before or before[-1] in ".,;!?:。，；！？：\n")


def _edits(value: _LabelledValue) -> Iterator[Edit]:
    quote = '"' * value.quoted
    yield value.start, value.start, f"\n{value.label}：{quote}"
    if quote:
        yield value.end, value.end, quote
