"""The view of labels behind their values: what is named behind itself also reads behind its name.

`hunter22 is my password` becomes `password：hunter22`, 851207是门锁密码 门锁密码：851207; so
do `mumu_0417（微信）` and `use sunflower as the password`. What a label is worth detectors say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import re2

from threegate.normalize.arrays import Ints, Mask, codes_of
from threegate.normalize.inserted_labels import Values, labelled
from threegate.normalize.re2_spans import found, groups, spans
from threegate.normalize.view import View

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
_ENDED = re2.compile(
    rf"(?i).[\"'”’`」』]?(?:(?:,? {_IS}| as(?: (?:my|our|the|an?))?) {_WORDS}"
    rf" ?(?:[.,;:!?)\n，。；！？]|\z|{_ON}(?:[^a-z]|\z))"
    r"| ?(?:[就才也]?[是为為]|当[作成]?|[作做]为?|设置?[为成]|定为) ?"
    rf"[\x{{4e00}}-\x{{9fff}}A-Za-z ]{{0,10}}?{_CHINESE}"
    r"(?:[了吧呢啊后就]|[^\x{4e00}-\x{9fff}A-Za-z0-9_]|\z))"
)
"""From the last character of a value on it matches wherever `_NAMED` does without brackets, and
says at little cost that it does not."""
_ONLY_RE = "ıİ"
"""Each an `i` to `re` alone."""
_ENDS = ".,;:!?)\n，。；！？"
"""Behind them, or a blank and one of them, nothing counts: no label has one in it."""
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


def may_stand(data: bytes) -> bool:
    """Whether there may be one in this text."""
    return found(_LIKELY, data)


def behind(source: View) -> View:
    """`source` itself when no value is named behind itself."""
    named = _named(source.text)
    return _put(source, named) if named.ends else source


class _Label(NamedTuple):
    """What a value is named: where from the place it is looked for the value ends and its name
    does, the number of the name. `secret`: may be of a password of letters: of one that is used as
    such, or stands in quotes, or is somebody's."""

    end: int
    stop: int
    number: int
    secret: bool
    used: bool
    closed: bool
    mine: bool


@dataclass(frozen=True, slots=True)
class _Named:
    """Columns: where a value ends, where its name does, its label. `names` by their numbers."""

    ends: list[int]
    stops: list[int]
    labels: list[_Label]
    names: dict[str, int]


def _named(text: str) -> _Named:
    """The same words are read once."""
    named, known, stop = _Named([], [], [], {}), dict[str, _Label | None](), 0
    ends, stops, labels = named.ends, named.stops, named.labels
    data = text.encode()
    likely = [*spans(_LIKELY, data)]
    odd = any(char in text for char in _ONLY_RE)
    for (byte, _), (at, last) in zip(likely, _places(data, likely, text), strict=True):
        if at < stop:
            continue
        note = text[last - 1] in ")）"
        begin = at if text[at] in _MARKS and not note else at + 1
        if edge := last if note else _edge(text, last):
            words = text[begin:edge]
            if words not in known:
                known[words] = _label(words, 0, named.names)
            label = known[words]
        elif odd or groups(_ENDED, data, byte)[0][0] >= 0:
            label = _label(text, begin, named.names)
        else:
            continue
        if label:
            stop = begin + label.stop
            ends.append(begin + label.end)
            stops.append(stop)
            labels.append(label)
    return named


def _places(data: bytes, likely: list[tuple[int, int]], text: str) -> Iterable[Sequence[int]]:
    """The characters at these bytes."""
    if not likely or len(data) == len(text):
        return likely
    begins = (np.frombuffer(data, np.uint8) & 0xC0) != 0x80
    places: list[list[int]] = np.append(0, np.cumsum(begins, dtype=np.int32))[likely].tolist()
    return places


def _edge(text: str, last: int) -> int:
    """Where the words of a label surely end that may end here; 0: perhaps further."""
    if text[last : last + 1] in _ENDS:
        return last + 1
    return last + 2 if text[last] == " " and text[last + 1 : last + 2] in _ENDS else 0


def _label(text: str, begin: int, names: dict[str, int]) -> _Label | None:
    """The one that stands here; its value may end behind a quote that stands here."""
    match = _NAMED.match(text, begin)
    if not match and text[begin : begin + 1] in _MARKS:
        match = _NAMED.match(text, begin + 1)
    if not match:
        return None
    name = match["label"] or match["name"] or match["noted"]
    used, closed = bool(match["as"] or match["use"]), bool(match["close"] or match["shut"])
    mine = _MINE.match(match.group()) is not None
    secret = (used or closed or mine) and re.search(f"(?i){_LABEL}", name) is not None
    number = names.setdefault(name, len(names))
    return _Label(match.start() - begin, match.end() - begin, number, secret, used, closed, mine)


def _put(source: View, named: _Named) -> View:
    """Each label before its value; quotes around one of letters."""
    begin, told = _values(source.text, named)
    quoted = np.zeros(len(begin), np.bool_)
    quoted[_words(source.text, begin.tolist(), np.flatnonzero(~told).tolist(), named)] = True
    kept = np.flatnonzero(told | quoted)
    if not len(kept):
        return source
    begin, end, quoted = begin[kept], np.array(named.ends)[kept], quoted[kept]
    number = np.array([label.number for label in named.labels])[kept]
    leads = np.zeros_like(quoted)
    values = Values(begin, begin, end, number, leads, quoted)
    return labelled(source, NAME, values, [*named.names])


def _words(text: str, starts: list[int], at: list[int], named: _Named) -> list[int]:
    """Which of these are passwords of letters."""
    ends, labels = named.ends, named.labels
    return [i for i in at if labels[i].secret and _is_word(text, starts[i], ends[i], labels[i])]


def _values(text: str, named: _Named) -> tuple[Ints, Mask]:
    """Where each value begins, and whether it is one with a digit, of four characters at least."""
    plain = text.isascii()
    codes = np.frombuffer(text.encode(), np.uint8) if plain else np.minimum(codes_of(text), _OTHER)
    outside = np.flatnonzero(_OUTSIDE.take(codes))
    digits = np.flatnonzero((codes >= ord("0")) & (codes <= ord("9")))
    end, stop = np.array(named.ends), np.array([0, *named.stops[:-1]])
    begin = np.concatenate(([-1], outside))[np.searchsorted(outside, end)] + 1
    start = np.maximum(begin, np.maximum(end - _LONGEST, stop))
    numbered = np.searchsorted(digits, end) > np.searchsorted(digits, start)
    told: Mask = numbered & (end - start >= _LEAST)
    return start, told


def _is_word(text: str, start: int, end: int, label: _Label) -> bool:
    """Whether what stands there may be a password of letters: in quotes, used as one, or what a
    clause begins with."""
    if not _LETTERS.fullmatch(text, start, end):
        return False
    if label.used or (label.closed and start > 0 and text[start - 1] in _OPEN):
        return True
    before = text[max(0, start - 2) : start].strip(" ")
    return label.mine and (not before or before[-1] in ".,;!?:。，；！？：\n")
