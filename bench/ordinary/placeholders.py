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


def texts(value: Any) -> Iterator[str]:
    """All texts of a body in order; JSON in a text (arguments of a tool) counts as its parts."""
    match value:
        case str():
            yield from texts(opened) if (opened := _opened(value)) is not None else (value,)
        case dict():
            for name in sorted(value):
                yield from texts(value[name])
        case list():
            for item in value:
                yield from texts(item)
        case _:
            yield json.dumps(value)


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
