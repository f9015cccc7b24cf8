"""WeChat and QQ accounts. Free names: only directly after (or, for QQ, directly before) their
label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.data_files import patterns
from threegate.detectors.engine import open_match
from threegate.detectors.engine.byte_patterns import loosened
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import ANSWER, Hit, likely, likely_hits
from threegate.types import Level

WECHAT, QQ = "pii.cn.wechat", "pii.cn.qq"
_P = patterns("detectors.pii_cn", "social_account")
_WECHAT_NAME = _P["WECHAT_NAME"]
_WECHAT_LETTER = _P["WECHAT_LETTER"]
_SIGN = "[:：=是为為（(【\\[→>❤♥👉\ufe0f]"
_LINK = rf"[\s\"'*\\]{{0,2}}{_SIGN}{{0,2}}[\s\"'是*`\\]{{0,3}}"
_SHARED = _P["SHARED"]
_CORRECTED = _P["CORRECTED"]
_NUMBERED = _P["NUMBERED"]
_NAMED = _P["NAMED"]
_WORDS = _P["WORDS"]
_TALK = _P["TALK"]
_ANY_LINK = rf"(?:{ANSWER}|{_TALK}|{_WORDS}[ :]{{1,2}}[(（]?| [-–—] |{_CORRECTED}|{_LINK})"
_ACCOUNT = _P["ACCOUNT"]
_WECHAT = re.compile(rf"(?i)(?:{_WECHAT_NAME})(?P<link>{_NAMED}{_ANY_LINK}){_ACCOUNT}")
_LETTERED = re.compile(rf"(?i){_WECHAT_LETTER}(?=[:：]){_ANY_LINK}{_ACCOUNT}")
_QQ = re.compile(
    rf"(?i)(?-i:[Qq扣企])(?:(?<=q)(?<![a-z].)q|(?<=扣)扣"
    rf"|(?<=企)鹅(?:号|(?=[:： ]{{0,2}}[1-9][0-9]{{6}})))"
    rf"(?P<link>(?:[^0-9\n。；?？]{{0,6}}[?？][ ]?|{_SHARED}"
    rf"| ?(?:号码|号|號碼|號|[账帐賬帳][号號户戶]|群号|群)"
    rf"|[ _]?(?:number|no\.?|id|num)(?![a-z]))?(?:{ANSWER}"
    rf"|(?: [a-z]{{1,8}}){{0,4}} ?[:(（]? ?|{_CORRECTED}|{_LINK}))"
    r"(?P<value>[1-9][0-9]{4,10})(?![0-9A-Za-z@])(?!\.[0-9])(?!-[0-9])"
)
_Q = re.compile(_P["Q"])
_QQ_AFTER = re.compile(r"[1-9](?<![0-9A-Za-z.\-].)[0-9]{4,10}[ ]?[(（](?i:qq)[号)）]")
_ADDED = re.compile(_P["ADDED"])
_PLAIN = re.compile(r"[a-z]+|[A-Z]+|[A-Z][a-z]+")
_NAME = re.compile(b"[A-Za-z][-_A-Za-z0-9]{5}")
_LABELS_ALONE = {"wechat", "weixin"}
_EXPLICIT = re.compile(r"[:：=是为為号號>成]| is| to")


_MIXED = _P["MIXED"]
_PLAINLY = _P["PLAINLY"]
_INTRODUCED = (
    rf"(?:{ANSWER}|{_CORRECTED}|{_TALK}"
    rf"|(?:{_WORDS}(?: :|:[ :]?)|{_WORDS}(?-i: (?:is|to)[a-z]{{0,3}}){_WORDS}[ :]{{1,2}})[(（]?"
    rf"|[\s\"'*\\]{{0,2}}(?:{_SIGN}?[:：=是为為>]{_SIGN}?|{_SIGN}{{0,2}}[\s\"']?是)[\s\"'是*`\\]{{0,3}})"
)
"""Links in which `_EXPLICIT` finds something, and a few more."""
_LABELLED = loosened(
    rf"(?i)(?:{_WECHAT_NAME})(?:{_NAMED}{_ANY_LINK}{_MIXED}"
    rf"|(?:{_NUMBERED}{_ANY_LINK}|{_NAMED}{_INTRODUCED}){_PLAINLY})"
)
"""For accounts that are more than a plain word, or labelled explicitly."""
_LOOSE_LETTERED = loosened(_P["LOOSE_LETTERED"])
_QQ_FORMS = (
    (loosened(_QQ.pattern + r"(?:[^0-9A-Za-z@]|$)"), _QQ),
    (loosened(_ADDED.pattern + "(?:[^0-9A-Za-z@元分块个]|$)"), _ADDED),
    (loosened(_Q.pattern + r"[ ]?(?:[^0-9A-Za-z@+*/×÷=除乘加减\- ]|[ ][^+*/×÷=除乘加减\-]|$)"), _Q),
)
"""With most of what may not follow them."""
_LOOSE_QQ_AFTER = loosened(_QQ_AFTER.pattern)


def find(view: ScanText) -> Iterator[Hit]:
    yield from likely_hits(view, _LABELLED, _WECHAT, _wechat, value=_NAME)
    yield from likely_hits(view, _LOOSE_LETTERED, _LETTERED, _lettered, value=_NAME)
    for loose, pattern in _QQ_FORMS:
        for match in likely(view, loose, pattern, apart=True):
            yield Hit(*match.span("value"), QQ, Level.HIGH)
    yield from likely_hits(view, _LOOSE_QQ_AFTER, _QQ_AFTER, _qq_after, apart=True)


def _wechat(match: re.Match[str]) -> Hit | None:
    if match["value"].lower() in _LABELS_ALONE:
        return None
    if _PLAIN.fullmatch(match["value"]):
        called = match.string[match.end() : match.end() + 1] == "("
        if called or not _EXPLICIT.search(match["link"]):
            return None
    return Hit(*match.span("value"), WECHAT, Level.HIGH)


def _lettered(match: re.Match[str]) -> Hit | None:
    """A single letter is too weak a label for a plain word."""
    plain = _PLAIN.fullmatch(match["value"]) or match["value"].lower() in _LABELS_ALONE
    return None if plain else Hit(*match.span("value"), WECHAT, Level.HIGH)


def _qq_after(match: re.Match[str]) -> Hit:
    end = match.start() + len(match.group().rstrip("(（QqＱ号)） "))
    return Hit(match.start(), end, QQ, Level.HIGH)


_QQ_OPEN = re.compile(r"[1-9][0-9]{4,10}[ ]?(?:[(（][Qq]{0,2})?\Z")
tail = open_match.unfinished(_QQ_OPEN, 15)
"""A label in brackets may follow a number."""

RECOGNIZER = described(
    "cn_social", (WECHAT, QQ), find, (open_match.token, tail), trigger=_P["TRIGGER"]
)
