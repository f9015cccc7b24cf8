"""E-mail addresses. ASCII on both sides of the @, so Chinese around is never swallowed; the
suffix must be a real one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import tldextract

from threegate.detectors import tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.recognizer import Hit, Recognizer, View
from threegate.types import Bilingual, Level

KIND = "pii.email"
_EMAIL = re.compile(
    r"@(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.)"
    r"{1,6}[A-Za-z]{2,24})(?![A-Za-z0-9])(?!-[A-Za-z0-9])"
)
_LOCAL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._%+'\-]{0,62}[A-Za-z0-9_+\-])?\Z")
_USERINFO = re.compile(r"://[^/\s@]*\Z")


@cache
def _suffixes() -> tldextract.TLDExtract:
    """The list inside the package: never the network, never a cache file."""
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)


def find(view: View) -> Iterator[Hit]:
    for match in _EMAIL.finditer(view.text):
        at = match.start()
        local = _LOCAL.search(view.text, max(0, at - 64), at)
        if local and _addressed(view.text, local.start(), match):
            yield Hit(local.start(), match.end(), KIND, Level.HIGH)


def _addressed(text: str, start: int, match: re.Match[str]) -> bool:
    """Not the user part of a URL, not `git@host:path`."""
    if _USERINFO.search(text, max(0, start - 40), start):
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
            Example("请联系邮箱zhang.san@example.com索取样品", ("zhang.san@example.com",)),
            Example("Reply-to is <fan+pei@qq.com>.", ("fan+pei@qq.com",)),
            Example("a.b@sj-hospital.org.cn\n人力", ("a.b@sj-hospital.org.cn",)),
            Example(
                "邮箱ｚｈａｎｇ＠ｅｘａｍｐｌｅ．ｃｏｍ", ("ｚｈａｎｇ＠ｅｘａｍｐｌｅ．ｃｏｍ",)
            ),
            Example("git clone git@github.com:acme/app.git"),
            Example("https://user@github.com/acme"),
            Example("npm i lodash@4.17.21 @types/node"),
            Example("微博@小鹿乱撞2333发的"),
        ),
    ),
    trigger=r"[A-Za-z0-9_+\-]@[A-Za-z0-9]",
    find=find,
    tails=(tails.token,),
    rank=60,
)
