"""Tests of a constraint as one line each: `temperature = 2 → temperature = 0.7`.

Values are JSON; a word that is not JSON is a text. A request that is refused ends in `→ refused`, a
field that is removed becomes `removed`; both words may be Chinese. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

ARROW = re.compile(r"→|->|=>")
REFUSED, REMOVED = ("拒绝", "refused"), ("删除", "removed")
EMPTY = ("（空）", "(empty)")
"""A request in which the client sets none of the fields in question."""
_NAME = re.compile(r"\s*([A-Za-z_][\w.]*)\s*[=＝:：]\s*")
_NEXT = re.compile(r"\s*[,，]")
_BARE = re.compile(r"[^,，]+")


class LineError(ValueError):
    """The line cannot be read."""


def shown(test: Mapping[str, Any], language: str) -> str | None:
    """The line for a test; None if a line cannot express it."""
    request, becomes = test.get("request"), test.get("becomes")
    if not isinstance(request, Mapping) or not set(test) <= {"request", "becomes", "refused"}:
        return None
    line = _pairs(request, language) or EMPTY[language == "en"]
    if test.get("refused"):
        return f"{line} → {REFUSED[language == 'en']}"
    return line if becomes is None else f"{line} → {_pairs(becomes, language)}"


def _pairs(fields: Mapping[str, Any], language: str) -> str:
    return ", ".join(f"{name} = {_value(value, language)}" for name, value in fields.items())


def _value(value: Any, language: str) -> str:
    if value is None:
        return REMOVED[language == "en"]
    if isinstance(value, str) and _BARE.fullmatch(value) and not _is_json(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return bool(ARROW.search(text)) or text.strip() in (*REMOVED, *REFUSED)
    return True


def read(line: str) -> dict[str, Any]:
    """The test that a line stands for. Raises LineError."""
    before, *after = ARROW.split(line, maxsplit=1)
    test: dict[str, Any] = {"request": fields(before)}
    if not after:
        return test
    if after[0].strip().lower() in REFUSED:
        return test | {"refused": True}
    return test | {"becomes": fields(after[0])}


def fields(text: str) -> dict[str, Any]:
    """`name = value` pairs, separated by commas. Raises LineError."""
    found: dict[str, Any] = {}
    rest = "" if text.strip() in EMPTY else text.strip()
    while rest:
        name = _NAME.match(rest)
        if name is None:
            raise LineError(text)
        found[name[1]], rest = _taken(rest[name.end() :])
    return found


def _taken(text: str) -> tuple[Any, str]:
    """The value at the beginning, and the text after its comma."""
    try:
        value, end = json.JSONDecoder().raw_decode(text)
        following = text[end:]
        if following.strip() and not _NEXT.match(following):
            raise ValueError
    except ValueError:
        bare = _BARE.match(text)
        if bare is None:
            raise LineError(text) from None
        word, following = bare[0].strip(), text[bare.end() :]
        value = None if word.lower() in REMOVED else word
    return value, _NEXT.sub("", following, count=1).strip()
