"""The view of labels behind their values: what is named behind itself also reads behind its name.

`hunter22 is my password` becomes `password：hunter22`, 851207是门锁密码 门锁密码：851207; so
do `mumu_0417（微信）` and `use sunflower as the password`. What a label is worth detectors say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import re2

from threegate.normalize.arrays import codes_of
from threegate.normalize.re2_spans import spans
from threegate.normalize.view import View, put

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
_OTHER = 0x7F
_OUTSIDE = np.array([not 0x21 <= c < 0x7F or chr(c) in "\"'`,;<>()[]{}" for c in range(0x80)])
_OPEN = "\"'“‘`「『"
_MARKS = "\"'”’`」』"
_LONGEST = 128
_LETTERS = re.compile(r"[a-z]{6,32}|[A-Za-z]{3,12}(?:-[A-Za-z]{3,12}){2,4}")
_LEAST = 4
"""Characters of a value with a digit."""
_MINE = re.compile(r"(?i),? (?:is|was)[a-z ]* (?:my|our|his|her) ")


def may_stand(text: str) -> bool:
    return next(_likely(text), None) is not None


def behind(source: View) -> View:
    """`source` itself when no value is named behind itself."""
    named = _named(source.text)
    places, puts = _insertions(source.text, named) if named.ends else ([], [])
    return put(source, NAME, places, places, puts)


@dataclass(frozen=True, slots=True)
class _Named:
    """Columns: where a value ends, where its name does, the name, its match. Without a match the
    name stands in brackets."""

    ends: list[int]
    stops: list[int]
    labels: list[str]
    matches: list[re.Match[str] | None]


def _named(text: str) -> _Named:
    """What stands in brackets is judged by itself, and once."""
    named, notes, stop = _Named([], [], [], []), dict[str, str](), 0
    ends, stops, labels, matches = named.ends, named.stops, named.labels, named.matches
    for at, last in _likely(text):
        if at < stop:
            continue
        end, match = at + 1, None
        if text[last - 1] in ")）":
            note = text[end:last]
            if (label := notes.get(note)) is None:
                label = notes[note] = _noted(note)
        elif match := _match(text, at):
            end, last, label = match.start(), match.end(), match["label"] or match["name"]
        else:
            continue
        if label:
            stop = last
            ends.append(end)
            stops.append(stop)
            labels.append(label)
            matches.append(match)
    return named


def _noted(note: str) -> str:
    match = _NAMED.match(note)
    return match["noted"] if match else ""


def _match(text: str, at: int) -> re.Match[str] | None:
    match = _NAMED.match(text, at) if text[at] in _MARKS else None
    return match or _NAMED.match(text, at + 1)


def _insertions(text: str, named: _Named) -> tuple[list[int], list[str]]:
    """Each label put before its value; quotes around one of letters."""
    places: list[int] = []
    puts: list[str] = []
    starts, numbered = _values(text, named)
    for start, sure, end, label, match in zip(
        starts, numbered, named.ends, named.labels, named.matches, strict=True
    ):
        if sure:
            places.append(start)
            puts.append(f"\n{label}：")
        elif match and _is_word(text, start, match) and re.search(f"(?i){_LABEL}", label):
            places += [start, end]
            puts += [f'\n{label}："', '"']
    return places, puts


def _likely(text: str) -> Iterator[tuple[int, int]]:
    """Spans of `_LIKELY`."""
    data, end, last = text.encode(), 0, 0
    if len(data) == len(text):
        yield from spans(_LIKELY, data)
        return
    for start, stop in spans(_LIKELY, data):
        first = last + len(data[end:start].decode())
        end, last = stop, first + len(data[start:stop].decode())
        yield first, last


def _values(text: str, named: _Named) -> tuple[list[int], list[bool]]:
    """Where each value begins, and whether it is one with a digit, of four characters at least."""
    plain = text.isascii()
    codes = np.frombuffer(text.encode(), np.uint8) if plain else np.minimum(codes_of(text), _OTHER)
    outside = np.flatnonzero(_OUTSIDE.take(codes))
    digits = np.flatnonzero((codes >= ord("0")) & (codes <= ord("9")))
    end, stop = np.array(named.ends), np.array([0, *named.stops[:-1]])
    begin = np.concatenate(([-1], outside))[np.searchsorted(outside, end)] + 1
    start = np.maximum(begin, np.maximum(end - _LONGEST, stop))
    numbered = np.searchsorted(digits, end) > np.searchsorted(digits, start)
    return start.tolist(), (numbered & (end - start >= _LEAST)).tolist()


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
