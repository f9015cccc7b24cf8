"""WeChat and QQ accounts. Free names: only directly after (or, for QQ, directly before) their
label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.engine import open_match
from threegate.detectors.engine.byte_patterns import loosened
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import ANSWER, Hit, likely_hits
from threegate.types import Level

WECHAT, QQ = "pii.cn.wechat", "pii.cn.qq"
_WECHAT_NAME = (
    r"微信|薇信|威信|wechat|weixin|(?<![a-z0-9#?&_.\-])(?:vx|wxid|v信"
    r"|wx(?=[号:：= _→\"']))(?![a-z])"
    r"|加v|v我|加我|加微|加薇|绿泡泡"
)
_WECHAT_LETTER = "(?:(?:\\A|[^a-z0-9#?&_.\\-])v|(?:\\A|[^\u3400-\u9fff])微)"
_SIGN = "[:：=是为為（(【\\[→>❤♥👉\ufe0f]"
_LINK = rf"[\s\"'*\\]{{0,2}}{_SIGN}{{0,2}}[\s\"'是*`\\]{{0,3}}"
_SHARED = "[/／、和或&](?:qq|微信|手机|电话)"
"""Products with the same account names."""
_CORRECTED = (
    r"[^0-9A-Za-z\n。；]{0,6}(?:应该?是|應該是|改[成为為]|换[成为]|換成|變成|变成)了?[:： ]?"
)
_NUMBERED = "[ _]?(?:号码?|號碼?|[账帐賬帳][号號户戶]|小号)"
_NAMED = rf"(?:{_SHARED}|{_NUMBERED}|[ _]?(?:名|(?:id|no|number|account)(?![a-z])))?"
_WORDS = "(?-i:(?: (?:[a-z]{1,5}|I)){0,4})"
_TALK = "(?:细聊|详聊|私聊|咨询|联系|沟通|了解|报名|预约|同号|如下)[:：][ ]?"
_ANY_LINK = rf"(?:{ANSWER}|{_TALK}|{_WORDS}[ :]{{1,2}}[(（]?| [-–—] |{_CORRECTED}|{_LINK})"
_ACCOUNT = r"(?P<value>[A-Za-z][-_A-Za-z0-9]{5,19})(?![-_A-Za-z0-9@])(?!\.[A-Za-z0-9])"
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
_Q = re.compile(
    r"(?i)(?-i:[Qq])(?<![0-9A-Za-z].)"
    r"(?:号[:：]?|(?<=[加➕].)[:：]?|(?<=[加➕] .)[:：]?|[:：]|[ ]?我)[ ]?"
    r"(?P<value>[1-9][0-9]{6,10})(?![0-9A-Za-z@])(?![.\-][0-9])(?![ ]?[+*/×÷=除乘加减\-])"
)
"""A single letter as a label; only before as many digits as today's accounts have."""
_QQ_AFTER = re.compile(r"[1-9](?<![0-9A-Za-z.\-].)[0-9]{4,10}[ ]?[(（](?i:qq)[号)）]")
_ADDED = re.compile(
    r"加(?:一下)?我(?:好友)?[ :：]?(?P<value>[1-9](?<![0-9A-Za-z].)[0-9]{7,9})"
    r"(?![0-9A-Za-z@元分块个])(?![.\-][0-9])"
)
"""Numbers by which people add each other, shorter than telephone numbers."""
_PLAIN = re.compile(r"[a-z]+|[A-Z]+|[A-Z][a-z]+")
_NAME = re.compile(b"[A-Za-z][-_A-Za-z0-9]{5}")
_LABELS_ALONE = {"wechat", "weixin"}
_EXPLICIT = re.compile(r"[:：=是为為号號>成]| is| to")


_TURN = "[a-z][A-Z]|[A-Z][A-Z][a-z]"
_MIXED = rf"(?-i:{_TURN}|[A-Za-z][-_A-Za-z0-9]{{0,18}}(?:[-_0-9]|{_TURN}))"
_PLAINLY = r"[A-Za-z]{6,20}(?:[^-_A-Za-z0-9@(]|$)"
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
_LOOSE_LETTERED = loosened(f"(?i){_WECHAT_LETTER}[:：]")
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
        yield from likely_hits(view, loose, pattern, _qq, apart=True)
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


def _qq(match: re.Match[str]) -> Hit:
    return Hit(*match.span("value"), QQ, Level.HIGH)


def _qq_after(match: re.Match[str]) -> Hit:
    end = match.start() + len(match.group().rstrip("(（QqＱ号)） "))
    return Hit(match.start(), end, QQ, Level.HIGH)


_QQ_OPEN = re.compile(r"[1-9][0-9]{4,10}[ ]?(?:[(（][Qq]{0,2})?\Z")
tail = open_match.unfinished(_QQ_OPEN, 15)
"""A label in brackets may follow a number."""

RECOGNIZER = described(
    "cn_social",
    (WECHAT, QQ),
    find,
    (open_match.token, tail),
    trigger=(
        r"(?i)微信|薇信|威信|wechat|weixin|wx|vx|v信|v[ :：]|加v|v我|加我|加微|加薇|q ?我"
        r"|微[:：]|绿泡泡|qq|q号|q[:：]|[加➕] ?q|扣扣|企鹅"
    ),
)
