"""Presidio's anonymizing operators on given places of a text: replace, redact, mask, hash, keep.

Encryption, which would need a key in the request, and operators in code are refused.
"""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from threegate.errors import RequestError
from threegate.i18n.messages import localized

Json = dict[str, Any]
MAX_CHARS: Final = 8 << 20
"""Of the new text: a long replacement for each of many places would fill the memory."""
_HASHES: Final = {"sha256": hashlib.sha256, "sha512": hashlib.sha512}


def anonymized(text: str, found: Sequence[Json], operators: Mapping[str, Any]) -> Json:
    """The text and its items, with positions in the new text. Of two overlapping items the more
    certain one stays, then the longer. Raises RequestError 422 for a place outside the text or an
    unknown operator, 413 for a new text of more than `MAX_CHARS`."""
    out: list[str] = []
    items: list[Json] = []
    at = length = 0
    for one in _disjoint(found, len(text)):
        start, end, kind = int(one["start"]), int(one["end"]), str(one["entity_type"])
        name, new = _operated(
            operators.get(kind) or operators.get("DEFAULT"), kind, text[start:end]
        )
        length += start - at
        out += [text[at:start], new]
        place = {"start": length, "end": length + len(new)}
        items.append({**place, "entity_type": kind, "text": new, "operator": name})
        length, at = length + len(new), end
        if length > MAX_CHARS:
            raise _too_long()
    return {"text": "".join([*out, text[at:]]), "items": items}


def _disjoint(found: Sequence[Json], length: int) -> list[Json]:
    kept: list[Json] = []
    starts: list[int] = []
    for one in sorted(found, key=lambda f: (-float(f.get("score") or 0), f["start"] - f["end"])):
        if not 0 <= one["start"] < one["end"] <= length:
            raise _invalid("analyzer_results")
        at = bisect_left(starts, one["start"])
        free = at == 0 or kept[at - 1]["end"] <= one["start"]
        if free and (at == len(kept) or one["end"] <= starts[at]):
            starts.insert(at, one["start"])
            kept.insert(at, one)
    return kept


def _operated(operator: Any, kind: str, value: str) -> tuple[str, str]:
    given = operator if isinstance(operator, dict) else {}
    name = given.get("type") or "replace"
    if not isinstance(name, str) or name not in _OPERATORS:
        raise _invalid("anonymizers")
    return name, _OPERATORS[name](given, kind, value)


def _replace(given: Json, kind: str, value: str) -> str:
    new = given.get("new_value")
    return new if isinstance(new, str) and new else f"<{kind}>"


def _mask(given: Json, kind: str, value: str) -> str:
    sign, count = given.get("masking_char", "*"), given.get("chars_to_mask", len(value))
    if not isinstance(sign, str) or len(sign) != 1 or type(count) is not int:
        raise _invalid("anonymizers")
    count = min(max(count, 0), len(value))
    if given.get("from_end"):
        return value[: len(value) - count] + sign * count
    return sign * count + value[count:]


def _hash(given: Json, kind: str, value: str) -> str:
    """Uses a random salt if none is given, as Presidio does."""
    made = _HASHES.get(str(given.get("hash_type") or "sha256"))
    if made is None:
        raise _invalid("anonymizers")
    salt = given.get("salt")
    salted = salt.encode() if isinstance(salt, str) else os.urandom(32)
    return made(value.encode("utf-8", "surrogatepass") + salted).hexdigest()


_OPERATORS: Final[Mapping[str, Callable[[Json, str, str], str]]] = {
    "replace": _replace,
    "redact": lambda given, kind, value: "",
    "mask": _mask,
    "hash": _hash,
    "keep": lambda given, kind, value: value,
}


def _invalid(name: str) -> RequestError:
    text = localized("operator", place=name, known=", ".join(_OPERATORS))
    return RequestError(text, status=422, code="invalid_parameter", param=f"/{name}")


def _too_long() -> RequestError:
    text = localized("anonymized-large", limit=MAX_CHARS)
    return RequestError(text, status=413, code="invalid_parameter", param="/anonymizers")
