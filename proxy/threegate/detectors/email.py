"""E-mail addresses. ASCII on both sides of the @, so Chinese around is never swallowed; the
suffix must be a real one. Addresses in other scripts come as a view (`normalize.mail`)."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from functools import cache

import numpy as np
import tldextract

from threegate.detectors import tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.characters import LOCAL
from threegate.detectors.recognizer import Hit, Recognizer, candidates
from threegate.detectors.sieve import Ints, Sieve
from threegate.detectors.surroundings import View
from threegate.types import Bilingual, Level

KIND = "pii.email"
_EMAIL = re.compile(
    r"@(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.)"
    r"{1,6}(?:xn--[A-Za-z0-9\-]{2,56}|[A-Za-z]{2,24}))(?![A-Za-z0-9])(?!-[A-Za-z0-9])"
)
_LOCAL = string.ascii_letters + string.digits + "._%+'-"
_AT, _DOT, _NO_END = ord("@"), ord("."), ".%'"
_LONGEST = 64
_USERINFO = re.compile(r"[^/\s?#,;]*")


@cache
def _suffixes() -> tldextract.TLDExtract:
    """The list inside the package: never the network, never a cache file."""
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def _spots(sieve: Sieve) -> Ints:
    """Signs between what may be a local part, not the user right behind a scheme, and a dot."""
    start, end = sieve.stretches(LOCAL)
    dots = np.cumsum(sieve.codes == _DOT, dtype=np.int32)
    dotted = (start[1:] == end[:-1] + 1) & (dots[end[1:] - 1] > dots[end[:-1]])
    dotted &= sieve.codes[end[:-1]] == _AT
    start, end = start[:-1][dotted], end[:-1][dotted]
    user = sieve.is_word(start) & (end - start <= _LONGEST)
    for place, sign in enumerate("//:", 1):
        user &= sieve.code(start - place) == ord(sign)
    spots: Ints = end[~user & ~np.isin(sieve.code(end - 1), [ord(c) for c in _NO_END])]
    return spots


def find(view: View) -> Iterator[Hit]:
    for match in candidates(view, _EMAIL, _spots):
        at = match.start()
        start = _begin(view.text, at)
        if start < at and _addressed(view.text, start, match):
            yield Hit(start, match.end(), KIND, Level.HIGH)


def _begin(text: str, at: int) -> int:
    """Where the local part before the @ begins; at the @ if there is none."""
    window = text[max(0, at - _LONGEST) : at]
    local = window[len(window.rstrip(_LOCAL)) :].lstrip("._%+'-")
    return at if local[-1:] in tuple(_NO_END) else at - len(local)


def _addressed(text: str, start: int, match: re.Match[str]) -> bool:
    """Not the user part of a URL, not `git@host:path`."""
    scheme = text.rfind("://", max(0, start - 40), start)
    if scheme >= 0 and _USERINFO.fullmatch(text, scheme + 3, start):
        return False
    if text[start : match.start()] == "git" and text[match.end() : match.end() + 1] in (":", "/"):
        return False
    return bool(_suffixes().extract_str(match["domain"].lower()).suffix)


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="email",
        kinds=(KIND,),
        title=Bilingual("电子邮箱", "E-mail address"),
        examples=(
            Example("it's pat.o'brien@example.co.uk, isn't it", ("pat.o'brien@example.co.uk",)),
            Example("请联系邮箱zhang.san@example.com索取样品", ("zhang.san@example.com",)),
            Example("Reply-to is <fan+pei@qq.com>.", ("fan+pei@qq.com",)),
            Example("a.b@sj-hospital.org.cn\n人力", ("a.b@sj-hospital.org.cn",)),
            Example(
                "邮箱ｚｈａｎｇ＠ｅｘａｍｐｌｅ．ｃｏｍ", ("ｚｈａｎｇ＠ｅｘａｍｐｌｅ．ｃｏｍ",)
            ),
            Example("hr@xn--fsqu00a.xn--55qx5d，", ("hr@xn--fsqu00a.xn--55qx5d",)),
            Example("git clone git@github.com:acme/app.git"),
            Example("https://user@github.com/acme, postgresql://a:b@2023@db.example.com/x"),
            Example("https://x.example?to=kim@example.com", ("kim@example.com",)),
            Example("npm i lodash@4.17.21 @types/node"),
            Example("微博@小鹿乱撞2333发的"),
        ),
    ),
    trigger=r"[A-Za-z0-9_+\-]@[A-Za-z0-9]",
    find=find,
    tails=(tails.token, tails.local_part),
    rank=60,
    plain=False,
)
