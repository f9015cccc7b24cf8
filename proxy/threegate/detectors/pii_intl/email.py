"""E-mail addresses. ASCII on both sides of the @, so Chinese around is never swallowed; the
suffix must be a real one. Addresses in other scripts come as a view (`normalize.idn_email`)."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from functools import cache

import tldextract

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import Hit, overlapping
from threegate.types import Level

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


RECOGNIZER = described(
    "email",
    (KIND,),
    find,
    (open_match.token, open_match.local_part),
    trigger=r"[A-Za-z0-9_+\-]@[A-Za-z0-9]",
)
