"""Passwords in a sentence away from their label: after a comma, in the next sentence, as the second
of two, or next to a user name.

`password` reads values directly after their label. Here more text is in between, so the value must
meet more conditions: letters and digits or symbols, not a product name, and it ends its clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from threegate.detectors.engine import byte_patterns, open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import LABEL_REACH, Hit, likely_hits
from threegate.detectors.secrets import password
from threegate.types import Level

_CHARS = r"[A-Za-z0-9!#$%&*+\-./:;=?@^_~]"
_VALUE = rf"(?P<value>(?=[^\s,]{{0,32}}[0-9!@#$%^&*])(?<![A-Za-z0-9]){_CHARS}{{6,40}}+)"
_FIRST = rf"{_CHARS}{{6,32}}"
_SIGNS = r"[,)\n，。；！？、）\"”'’」不没已失]"
_END = rf"(?:(?<=[.!?;:])(?=[ \t\r\n])|(?={_SIGNS}|\Z))"
"""The end of a clause directly after the value."""
_LABEL = r"(?:[Pp]ass(?:word|code|phrase|wd)|PASSWORD|\b[Pp]wd)s?"
_WORDS = r"[A-Za-z'’ +/\-]"
_ONE = r"(?:the )?(?:new|other|second|current|old|latter) (?:one|password)(?:['’]s| is| was|:)? ?"
_ALSO = (
    rf"(?:,? (?:or|and|but|then)(?: maybe| perhaps| possibly| then| now)? (?:{_ONE})?(?:it['’]s )?"
    rf"|,? {_ONE}| to )"
)
"""Text between one password and another."""
_NEXT = re.compile(
    rf"{_LABEL}(?:(?:[A-Za-z'’ +/:\-]{{0,40}}?[.!:?)]|{_WORDS}{{0,16}}?,) [(]?"
    r"(?:[Ii]t|[Tt]hat|[Tt]his)(?:['’]s| is| was| would be)[ :]{1,2}"
    rf"|(?: {_WORDS}{{1,24}}?)?(?: is| was| are| to| from|[:=]|) ?(?:either |still )?"
    rf"[\"'“]?{_FIRST}[\"'”]?"
    rf"{_ALSO}[\"'“]?|{_WORDS}{{0,32}}, ){_VALUE}{_END}"
)
_TRIED = re.compile(
    rf"{_LABEL}[^.\n0-9]{{0,24}}(?:I|we|he|she|they) (?:entered|typed|tried|used|put in)"
    rf" [\"'“]?{_VALUE}"
)
_LEADS = (
    r"也?就是|(?:原来|以前|之前|旧|老)的是?"
    r"|即|即是|应该是|现在是|新的是|是|为|叫|改成了?|换成了?|变成了?|设成了?|用的?"
)
_CHINESE = re.compile(
    r"(?:密[码碼]|口令)(?:"
    rf"[^\n。！？；]{{0,16}}?[，,。][^\n，。A-Za-z0-9]{{0,6}}?(?:{_LEADS})[:：]?[ ]?[\"“「]?"
    r"|[^\n。！？，]{0,10}?(?:[是为為叫用设設改]|我?记得|给你)[^\n。！？，A-Za-z0-9]{0,8}，"
    r"|有[^\n。！？，A-Za-z0-9]{1,4}，[^\n。！？，A-Za-z0-9]{0,4}"
    rf"|有[^\n。！？，A-Za-z0-9]{{1,4}}，[^\n。！？，A-Za-z0-9]{{0,4}}{_FIRST}，[^\n。！？，A-Za-z0-9]{{0,4}}"
    rf"|[^\nA-Za-z0-9]{{0,10}}[:：是][ ]?{_FIRST}[，,？?。、 ]{{0,2}}"
    rf"(?:不对|错了|不是)?[，,。 ]{{0,2}}(?:应该是|或者?是?|或是|要么是?|和|还有|{_LEADS})[ ]?"
    rf"){_VALUE}{_END}"
)
_THIS = re.compile(
    rf"(?:这是|这个是|下面是|给你|发你)[^\n，。A-Za-z0-9]{{0,6}}(?:密[码碼]|口令)[，：:]{_VALUE}{_END}"
)
_DIGITS = re.compile(
    r"(?:密[码碼]|口令)(?:(?:就|还|仍|也)?是[㐀-鿿]{1,10}?(?<![第共前后约])"
    r"|[^\n0-9A-Za-z，。]{0,4}(?:[改换換设設]|用的|还是|就是)[成为了的是]{0,2}[㐀-鿿]{2,8}，"
    r"|[^\n0-9A-Za-z。]{0,12}后[四六八468]位[，,（(：:即是 ]{0,3}"
    r"|[^\n0-9A-Za-z]{0,4}[:：是][ ]?[0-9]{4,8}[，,？?。、 ]{1,2}(?:不对|错了|不是)[，,。 ]{0,2}"
    r"(?:应该)?是[ ]?)"
    rf"(?P<value>[0-9]{{4,8}})(?=[!?;]|{_SIGNS}|\Z)"
)
_ASKED = re.compile(
    r"(?:(?:密[码碼]|口令)[^\n。！；A-Za-z0-9]{0,6}(?:多少|什么|啥|来着|[发给]我|[报说]一?下|[？?])"
    rf"[^\nA-Za-z0-9]{{0,4}}|{_LABEL}[A-Za-z'’ ]{{0,20}}\?[\"”]?)\n[ \t]{{0,2}}"
    r"(?:[\[(（]?[0-9]{1,2}(?::[0-9]{2}){1,2}[\])）]?[ ]{0,2})?(?:[^\n:：0-9]{1,10}[:：][ ]{0,2})?"
    rf"(?:应该是|好像是|就是|还是|是|[Ii]t['’]s |[Tt]ry )?{_VALUE}{_END}"
)
"""A question and the reply on the next line."""
_SHARED = re.compile(
    r"(?:(?:提取|访问|訪問|分享|解压)[码碼][ ]?[:：是为為]?[ ]{0,2}|[?&]pwd=)"
    r"(?P<value>(?=[A-Za-z0-9]{0,7}[0-9])[A-Za-z0-9]{4,8}|[a-z]{4})(?![0-9A-Za-z])"
)
_READER = r"[\"']? ?\| ?(?:sudo (?:-S|chp)|chpass|passwd)"
"""A pipe into a program that reads a password."""
_PIPED = re.compile(
    r"\becho (?:-n |-e )?[\"']?(?:[\w.\-]{1,32}:)?(?P<value>[^\s\"'|;&$`:]{6,64})"
    rf"(?={_READER})"
)
_PRODUCT = re.compile(
    r"(?i)^(?:[a-z]{0,3}(?:user|admin|server|host|node|test|guest|error|code|step|page|room|level|line|chapter|stage"
    r"|group|team|demo|account)|python|php|mysql|node|java|redis|saml|fido|sso|mfa|totp|argon|bcrypt|ed"
    r"|blake|scrypt|md|html|css|utf|usb|gpt|web)[_\-]?\d{1,6}$"
)
"""Names with a number (of users, products, formats) that are not passwords."""


def find(view: ScanText) -> Iterator[Hit]:
    for loose, pattern in _FORMS:
        yield from likely_hits(view, loose, pattern, _judge)


def _judge(match: re.Match[str]) -> Hit | None:
    start = match.start("value")
    value = match["value"].rstrip(".,:;?")
    if start - match.start() > LABEL_REACH or _PRODUCT.search(value):
        return None
    if match.re is _DIGITS and match.string[start - 1] == "，" and len(value) % 2:
        return None  # a telephone number
    if match.re in (_DIGITS, _SHARED):
        return Hit(start, start + len(value), password.KIND, Level.MEDIUM)
    if value.isdigit() or not password.level_of(value, " is ", close=False):
        return None
    level = Level.HIGH if match.re is _PIPED else Level.MEDIUM
    return Hit(start, start + len(value), password.KIND, level)


_HAS_SIGNS = rf"[A-Za-z+\-./:;=?_~]{{0,39}}[0-9!#$%&*@^]{_CHARS}{{0,39}}"
_ENDS = rf"(?:[.!?;:][ \t\r\n]|{_SIGNS}|$)"


def _loose(pattern: re.Pattern[str]) -> Any:
    """The pattern for RE2, including what must follow a value."""
    made = (
        pattern.pattern.replace(_VALUE, _HAS_SIGNS)
        .replace(_END, _ENDS)
        .replace(f"(?={_READER})", _READER)
    )
    return byte_patterns.loosened(made)


_FORMS = tuple(
    (_loose(p), p) for p in (_NEXT, _TRIED, _CHINESE, _THIS, _DIGITS, _ASKED, _SHARED, _PIPED)
)
_OPEN_PIPE = re.compile(
    r"\becho (?:-n |-e )?[\"']?[^\s\"'|;&$`]{1,96}[\"']? ?\|? ?[a-z]{0,6}(?: [\-a-zS]{0,3})?\Z"
)
_LONGEST_PIPE = 128
tail = open_match.unfinished(_OPEN_PIPE, _LONGEST_PIPE, begins=r"\becho ")
"""Holds from the word `echo` on, while a program that reads its output may follow."""

RECOGNIZER = described(
    "password_told",
    (password.KIND,),
    find,
    (open_match.token, tail),
    trigger=r"(?i)密码|密碼|口令|passw(?:or)?d|passphrase|passcode|pwd|[取问問享压][码碼]|\becho ",
)
