"""JSON of both sides, parsed strictly.

A request has one meaning for every reader. Refused with 400: invalid UTF-8, BOM, NaN and
Infinity, lone surrogates, duplicate keys, nesting over 64, integers beyond 2**53, anything that is
not an object. Errors name a place, never a value. An answer of the model API has to be an object
that can be checked and written again.

Fast path: orjson parses; then cheap sufficient tests over the bytes (no long digit run, few
brackets, as many `":` as keys) rule out the rest, and only a body that fails one is read again.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import orjson

from threegate.errors import RequestError, UpstreamError
from threegate.i18n.messages import localized
from threegate.wire.limits import MAX_ANSWER_DEPTH, MAX_DEPTH, MAX_POINTER_CHARS, MAX_SAFE_INTEGER
from threegate.wire.pointer import escape

_COLON: Final = re.compile(rb'"[ \t\r\n]*:')
_SPACED_COLONS: Final = (b" :", b"\t:", b"\n:", b"\r:")
_DIGITS: Final = bytes(0x30 if 0x30 <= code <= 0x39 else 0x20 for code in range(256))
_LONG_NUMBER: Final = b"0" * 16  # 2**53 has sixteen digits; eight times faster than what follows
_BEFORE_NUMBER: Final = (b"[", b":", b",", b"")  # b"": more spaces than are examined
_BOM: Final = b"\xef\xbb\xbf"


def parse(raw: bytes) -> dict[str, Any]:
    """The object in `raw`. Raises `RequestError` (400)."""
    if raw.startswith(_BOM):
        raise _refused("bom")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _syntax_error(raw, error) from None
    if not isinstance(body, dict):
        raise _refused("no-object")
    if _brackets(raw) > MAX_DEPTH and _deeper(body, MAX_DEPTH):
        raise _refused("deep", _deepest(body), limit=MAX_DEPTH)
    if _count_colons(raw) != _count_keys(body):
        _check_duplicates(raw)
    if _may_have_long_integer(raw):
        _check_integers(raw)
    return body


def _may_have_long_integer(raw: bytes) -> bool:
    """Whether a long run of digits stands where a JSON number may be; a card number is inside a
    string."""
    digits = raw.translate(_DIGITS)
    at = digits.find(_LONG_NUMBER)
    while at >= 0:
        if raw[max(at - 32, 0) : at].rstrip(b"- \t\r\n")[-1:] in _BEFORE_NUMBER:
            return True
        at = digits.find(_LONG_NUMBER, digits.find(b" ", at))
    return False


def _count_colons(raw: bytes) -> int:
    """An upper bound of the number of keys; too high if a string contains a quote and a colon."""
    for spaced in _SPACED_COLONS:
        if spaced in raw:
            return len(_COLON.findall(raw))
    return raw.count(b'":')


def _count_keys(body: dict[str, Any]) -> int:
    count = 0
    stack: list[Any] = [body]
    pop, extend = stack.pop, stack.extend
    while stack:
        value = pop()
        if type(value) is dict:
            count += len(value)
            value = value.values()
        extend([below for below in value if type(below) is dict or type(below) is list])
    return count


def parse_answer(data: bytes | str, what: str = "answer") -> dict[str, Any]:
    """The object that the model API sent. DeepSeek sends blank lines while it waits; JSON ignores
    them. Raises `UpstreamError`, which calls it `what`, because what cannot be read cannot be
    checked."""
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        body = _without_halves(data, what)
    if not isinstance(body, dict):
        raise UpstreamError(localized("answer-no-object", what=localized(what)))
    if _brackets(data) > MAX_ANSWER_DEPTH and _deeper(body, MAX_ANSWER_DEPTH):
        raise UpstreamError(localized("answer-deep", what=localized(what), limit=MAX_ANSWER_DEPTH))
    return body


_HALF: Final = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def _without_halves(data: bytes | str, what: str) -> Any:
    """A surrogate pair may be split over two events; each half becomes U+FFFD. Raises UpstreamError
    if it is not JSON even then."""
    text = data if isinstance(data, str) else data.decode("utf-8", "replace")
    try:
        return orjson.loads(_HALF.sub(lambda m: "\\ufffd" if m[1] else m[0], text))
    except orjson.JSONDecodeError:
        raise UpstreamError(localized("answer-no-json", what=localized(what))) from None


def _brackets(data: bytes | str) -> int:
    """An upper bound of the nesting depth."""
    if isinstance(data, str):
        return data.count("{") + data.count("[")
    return data.count(b"{") + data.count(b"[")


def _below(value: Any) -> list[Any]:
    inside = value.values() if type(value) is dict else value
    return [below for below in inside if type(below) is dict or type(below) is list]


def _deeper(body: dict[str, Any], limit: int) -> bool:
    level: list[Any] = [body]
    for _ in range(limit):
        if not level:
            return False
        level = [below for value in level for below in _below(value)]
    return bool(level)


def _deepest(body: dict[str, Any]) -> str:
    """The pointer of the first value that is nested too deeply."""
    level: list[tuple[str, Any]] = [("", body)]
    for _ in range(MAX_DEPTH):
        level = [
            (f"{at}/{escape(str(name))}", below)
            for at, value in level
            for name, below in _items(value)
            if isinstance(below, dict | list)
        ]
    return level[0][0]


def _items(value: Any) -> Any:
    return value.items() if isinstance(value, dict) else enumerate(value)


class _Duplicate(Exception):
    pass


def _check_duplicates(raw: bytes) -> None:
    try:
        json.loads(raw, object_pairs_hook=_unique)
    except _Duplicate:
        raise _refused("twice", _find_duplicate(raw)) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Duplicate
    return made


def _find_duplicate(raw: bytes) -> str:
    """The pointer of a repeated key: the pairs are kept as lists, then searched."""
    stack: list[tuple[str, Any]] = [("", json.loads(raw, object_pairs_hook=_Pairs))]
    while stack:
        at, value = stack.pop()
        if isinstance(value, _Pairs):
            seen: set[str] = set()
            for name, below in value:
                if name in seen:
                    return f"{at}/{escape(name)}"
                seen.add(name)
                stack.append((f"{at}/{escape(name)}", below))
        elif isinstance(value, list):
            stack.extend((f"{at}/{i}", below) for i, below in enumerate(value))
    return ""


class _Pairs(list[tuple[str, Any]]):
    """An object as its pairs, distinct from an array."""


def _check_integers(raw: bytes) -> None:
    """orjson turns huge integers into floats, so the digits are read again."""
    stack: list[tuple[str, Any]] = [("", json.loads(raw, parse_int=_checked_int))]
    while stack:
        at, value = stack.pop()
        if value is None:
            continue
        if value is _HUGE:
            raise _refused("huge", at)
        if isinstance(value, dict | list):
            stack.extend((f"{at}/{escape(str(name))}", below) for name, below in _items(value))


_HUGE: Final = object()


def _checked_int(digits: str) -> object:
    if len(digits) > 17:  # never convert: Python refuses more than 4300 digits
        return _HUGE
    return int(digits) if abs(int(digits)) <= MAX_SAFE_INTEGER else _HUGE


def _syntax_error(raw: bytes, error: orjson.JSONDecodeError) -> RequestError:
    try:
        raw.decode()
    except UnicodeDecodeError as at:
        return _refused("no-utf8", byte=at.start)
    return _refused("no-json", line=error.lineno, column=error.colno)


def _refused(name: str, pointer: str = "", **details: int) -> RequestError:
    place = pointer[:MAX_POINTER_CHARS]
    return RequestError(localized(name, place=place, **details), code="invalid_json", param=place)
