r"""UTF-8 that was read byte by byte, read again: `\xe5\xbf\xbd` is one character."""

from __future__ import annotations

import re

from threegate.normalize.view import View, edited

_MORE = "[\x80-\xbf]"
_MISREAD = re.compile(
    rf"[\xc2-\xdf]{_MORE}|[\xe0-\xef]{_MORE}{{2}}|[\xf0-\xf4]{_MORE}{{3}}"
)  # fmt: skip


def reread(source: View) -> View:
    """`source` itself when nothing was misread."""
    return edited(source, source.name, _MISREAD, _again)


def _again(match: re.Match[str]) -> str | None:
    try:
        return match.group().encode("latin-1").decode()
    except UnicodeDecodeError:
        return None
