"""E-mail addresses. ASCII on both sides of the @, so adjacent Chinese text is never included; the
suffix must exist. Addresses in other scripts come as a view (`normalize.idn_email`)."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping
from functools import cache

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import Hit
from threegate.normalize.public_suffixes import public_suffixes
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

_MESSAGE = re.compile(r"(?i)(?:message-id|in-reply-to|references):\s?<[^\s<>]*\Z")
"""A message id, which only looks like an address."""
_MESSAGE_REACH = 60
_FILES = re.compile(
    r"(?i)[tc]sv|txt|log|json|ya?ml|[hx]tml?|xml|(?:xls|doc|ppt)x?|pdf|t?gz|tar|rar|7z|bak|tmp|eml|msg"
    r"|vcf|ics|png|jpe?g|pem|crt|key|p12|pfx|ovpn|conf|cfg|ini|sql|db|mbox|pst"
)
"""Extensions of files that are named after an address: li@corp.cn.txt."""


@cache
def _tops() -> Mapping[str, frozenset[str]]:
    """By the last label of a suffix, what must precede it; empty: anything. Uses the list inside
    the package, never the network or a cache file."""
    known = public_suffixes()
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
    """Whether it ends with a known suffix; `tldextract` says the same at twenty times the cost."""
    rest, _, top = domain.rpartition(".")
    before = _tops().get(top)
    return before is not None and (not before or rest.rpartition(".")[2] in before)


def find(view: ScanText) -> Iterator[Hit]:
    text, at = view.text, -1
    while text.find("@", at + 1) >= 0 and (match := _EMAIL.search(text, at + 1)):
        view.spend()
        at = match.start()
        start = _begin(text, at)
        domain = _domain(match["domain"]) if start < at else ""
        if domain and _addressed(text, start, match):
            yield Hit(start, at + 1 + len(domain), KIND, Level.HIGH)


def _domain(name: str) -> str:
    """The part of a name that is a domain, without file extensions; empty if there is none."""
    while not is_real(name.lower()):
        name, _, ending = name.rpartition(".")
        if "." not in name or not _FILES.fullmatch(ending):
            return ""
    return name


def _begin(text: str, at: int) -> int:
    """Where the local part before the @ begins; the @ itself if it is empty."""
    window = text[max(0, at - _LONGEST) : at]
    local = window[len(window.rstrip(_LOCAL)) :].lstrip(_NO_BEGIN)
    return at if local[-1:] in tuple(_NO_END) else at - len(local)


def _addressed(text: str, start: int, match: re.Match[str]) -> bool:
    """Not `git@host:path`, the user part of a URL or a message id."""
    if text[match.end() : match.end() + 1] in (":", "/") and text[start : match.start()] == "git":
        return False
    scheme = text.rfind("://", max(0, start - 40), start)
    if scheme >= 0 and _USERINFO.fullmatch(text, scheme + 3, start):
        return False
    reach = max(0, start - _MESSAGE_REACH)
    return "<" not in text[reach:start] or not _MESSAGE.search(text, reach, start)


RECOGNIZER = described(
    "email",
    (KIND,),
    find,
    (open_match.token, open_match.local_part),
    trigger=r"[A-Za-z0-9_+\-]@[A-Za-z0-9]",
)
