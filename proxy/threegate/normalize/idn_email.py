"""The mail view: replaces e-mail addresses in other scripts by an ASCII address.

josé@exämple.de, 李娜@例子.公司: Chinese is written without spaces, so a Chinese name before the @
must begin its clause, and a domain must end with a known public suffix.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from threegate.normalize.public_suffixes import public_suffixes
from threegate.normalize.view import Edit, View, replaced

NAME = "mail"
_HAN = r"\u3040-\u30ff\u3400-\u9fff"
_LOCAL = re.compile(rf"[^\W{_HAN}\uff00-\uffef](?:['.+_%\-]?[^\W{_HAN}\uff00-\uffef])*")
"""Read from the @ backwards."""
_NAME = re.compile(
    rf"(?:.*[箱至到给給系是为為]|.*(?<![\w@]))(?P<name>[{_HAN}]{{2,6}}[0-9]{{0,4}})\Z", re.DOTALL
)
_LONGEST = 64
_LABEL = r"[^\W_](?:[\w\-]{0,61}[^\W_])?"


def may_occur(data: bytes) -> bool:
    """Whether this text (UTF-8) may contain such an address."""
    return b"@" in data and not data.isascii()


def ascii_addresses(source: View) -> View:
    """`source` itself when all addresses are ASCII."""
    return replaced(source, NAME, list(_edits(source.text)))


def _edits(text: str) -> Iterator[Edit]:
    stop = 0
    for match in _domain().finditer(text):
        local = _local(text[max(stop, match.start() - _LONGEST) : match.start()])
        foreign = local and not (local + match.group()).isascii()
        if foreign and (domain := _ascii(match[1])):
            stop = match.end()
            yield match.start() - len(local), stop, f"mail@{domain}"


def _local(before: str) -> str:
    if found := _LOCAL.match(before[::-1]):
        return found.group()[::-1]
    if not "\u3040" <= before[-1:] <= "\u9fff":
        return ""
    named = _NAME.match(before)
    return named["name"] if named else ""


def _ascii(domain: str) -> str:
    """The domain in Punycode; empty if it has none."""
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return ""


@cache
def _domain() -> re.Pattern[str]:
    """Uses only the suffix list inside the package, never the network."""
    known = public_suffixes()
    foreign = sorted((t for t in known if "." not in t and not t.isascii()), key=len, reverse=True)
    return re.compile(
        rf"@((?:{_LABEL}\.){{1,4}}?(?:{'|'.join(map(re.escape, foreign))}"
        r"|[A-Za-z]{2,24}(?![0-9A-Za-z_\-]|\.[0-9A-Za-z])))"
    )
