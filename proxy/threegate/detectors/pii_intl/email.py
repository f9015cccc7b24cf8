"""E-mail addresses. ASCII on both sides of the @, so Chinese around is never swallowed; the
suffix must be a real one. Addresses in other scripts come as a view (`normalize.idn_email`)."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from functools import cache

import tldextract

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.recognizer import Hit, Recognizer, overlapping
from threegate.types import Bilingual, Level

KIND = "pii.email"
_EMAIL = re.compile(
    r"@(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.)"
    r"{1,6}(?:xn--[A-Za-z0-9\-]{2,56}|[A-Za-z]{2,24}))(?![A-Za-z0-9])(?!-[A-Za-z0-9])"
)
_LOCAL = string.ascii_letters + string.digits + "._%+'-"
_NO_BEGIN, _NO_END = "._%+'-", ".%'"
_LONGEST = 64
_USERINFO = re.compile(r"[^/\s?#,;]*")

_MESSAGE = re.compile(r"(?i)(?:message-id|in-reply-to|references):\s?<\Z")
"""Its number, which only looks like an address."""


@cache
def _tops() -> Mapping[str, frozenset[str]]:
    """By the last part of a suffix, what must precede it; empty: anything. The list
    inside the package: never the network, never a cache file."""
    known = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None).tlds
    tops: dict[str, set[str]] = {}
    for suffix in known:
        before, _, top = suffix.rpartition(".")
        tops.setdefault(top, set()).add(before)
    free = {top: befores & {"", "*"} for top, befores in tops.items()}
    return {
        form: frozenset(() if free[top] else befores)
        for top, befores in tops.items()
        for form in (top, top.encode("idna").decode())
    }


def is_real(domain: str) -> bool:
    """Whether it ends with a known suffix, as `tldextract` says at twenty times the cost."""
    rest, _, top = domain.rpartition(".")
    before = _tops().get(top)
    return before is not None and (not before or rest.rpartition(".")[2] in before)


def find(view: ScanText) -> Iterator[Hit]:
    for match in overlapping(_EMAIL, view):
        start = _begin(view.text, match.start())
        if start < match.start() and _addressed(view.text, start, match):
            yield Hit(start, match.end(), KIND, Level.HIGH)


def _begin(text: str, at: int) -> int:
    """Where the local part before the @ begins; the @ itself if it is empty."""
    window = text[max(0, at - _LONGEST) : at]
    local = window[len(window.rstrip(_LOCAL)) :].lstrip(_NO_BEGIN)
    return at if local[-1:] in tuple(_NO_END) else at - len(local)


def _addressed(text: str, start: int, match: re.Match[str]) -> bool:
    """Not `git@host:path`, a real name, not the user part of a URL; the first sort out most."""
    if text[match.end() : match.end() + 1] in (":", "/") and text[start : match.start()] == "git":
        return False
    if not is_real(match["domain"].lower()):
        return False
    scheme = text.rfind("://", max(0, start - 40), start)
    if scheme >= 0 and _USERINFO.fullmatch(text, scheme + 3, start):
        return False
    return not (text[start - 1 : start] == "<" and _MESSAGE.search(text, max(0, start - 16), start))


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
            Example("Message-ID: <20261127091402.7731@mail.example.com>"),
            Example("微博@小鹿乱撞2333发的"),
        ),
    ),
    trigger=r"[A-Za-z0-9_+\-]@[A-Za-z0-9]",
    find=find,
    tails=(open_match.token, open_match.local_part),
    rank=60,
    plain=False,
)
