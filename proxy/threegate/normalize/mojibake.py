r"""Repairs UTF-8 that was decoded as Latin-1: `\xe5\xbf\xbd` is one character."""

from __future__ import annotations

import re

from threegate.normalize.view import View, edited

_MORE = "[\x80-\xbf]"
_MISREAD = re.compile(
    rf"[\xc2-\xdf]{_MORE}|[\xe0-\xef]{_MORE}{{2}}|[\xf0-\xf4]{_MORE}{{3}}"
)  # fmt: skip
_SIGN = re.compile(rf"[\xc2-\xf4]{_MORE}")
"""Occurs in every text with such a sequence."""


def reread(source: View) -> View:
    """`source` with such sequences decoded as UTF-8; `source` itself when it has none."""
    if source.text.isascii() or not _SIGN.search(source.text):
        return source
    return edited(source, source.name, _MISREAD, _again)


def _again(match: re.Match[str]) -> str | None:
    try:
        return match.group().encode("latin-1").decode()
    except UnicodeDecodeError:
        return None
