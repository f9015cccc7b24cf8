"""What the guard put in place of values: told by laying the texts that were sent beside those that
the model received."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

PLACEHOLDER = re.compile(r"\[[A-Z_]+_[B-DF-HJ-NP-TV-XZ]{4,8}(?:_[B-Z]{2,3})?\]")
REMOVED = ("[secret removed]", "[密钥已删除]", "[tag removed]", "[标签已删除]")
_ANY = re.compile("|".join((PLACEHOLDER.pattern, *map(re.escape, REMOVED))))


def pairs(sent: Any, received: Any) -> Iterator[tuple[str, str]]:
    """The texts of two bodies side by side. JSON in a text is opened only where it is JSON on both
    sides: a placeholder in place of a number has no quotes."""
    if isinstance(sent, str) and isinstance(received, str):
        ours, theirs = _opened(sent), _opened(received)
        if ours is None or theirs is None:
            yield sent, received
            return
        sent, received = ours, theirs
    match sent, received:
        case dict(), dict():
            for name in sorted(sent.keys() | received.keys()):
                yield from pairs(sent.get(name), received.get(name))
        case list(), list() if len(sent) == len(received):
            for one, other in zip(sent, received, strict=True):
                yield from pairs(one, other)
        case _:
            yield _written(sent), _written(received)


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _opened(text: str) -> Any:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def aligned(sent: str, received: str) -> list[tuple[str, str]] | None:
    """(value, what stands for it) in order; None where something else was changed too."""
    if sent == received:
        return []
    parts = _ANY.split(received)
    pattern = "(.+?)".join(map(re.escape, parts))
    fits = re.fullmatch(pattern, sent, re.S)
    return list(zip(fits.groups(), _ANY.findall(received), strict=True)) if fits else None
