"""Log probabilities: they may repeat a text of an answer token by token, and say nothing else.

Three shapes: of chat completions (`content`, `refusal`, lists of tokens), of text completions
(`tokens`, and alternatives by name in `top_logprobs`), of responses (a list of tokens). A token has
its `bytes` beside it, since one character may be in several tokens. Alternatives are no part of the
text: each may be as long as tokens are, and has no room for a number of somebody or for a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

_LISTS: Final = ("reasoning_content", "content", "refusal")
"""In the order of the texts; the first is DeepSeek's."""
_NAME: Final = re.compile(r"[a-z_]{1,24}")
_NUMBERS: Final = (int, float, bool, type(None))
_ESCAPED: Final = re.compile(r"bytes:((?:\\x[0-9a-f]{2})+)")
_UNREADABLE: Final = "\ufffd"
_UNREADABLES: Final = re.compile(f"({_UNREADABLE}+)")
_UNSAID: Final = re.compile(r"\s|<[|｜][A-Za-z_▁]{1,40}\d{0,3}[|｜]>|(?i:</?think>)")
"""Not compared: spaces, which parsers of reasoning remove, and tokens that only engines see."""
_SIGNS: Final = re.compile(r"[\W_]+")
_IDENTIFIER: Final = re.compile(r"(?!.*[A-Z]{16})[A-Za-z._]{0,64}")
"""A key may well be capitals alone."""
LONGEST_ALTERNATIVE: Final = 256
_LONGEST_WORD: Final = 16
_MOST_DIGITS: Final = 6


class _OddError(Exception):
    """These are no log probabilities."""


def spells(logprobs: Any, text: str) -> bool:
    """Whether log probabilities repeat this text and have nothing else in them."""
    try:
        said = b"".join(_said(logprobs)).decode("utf-8", "replace")
    except (_OddError, ValueError, TypeError, AttributeError):
        return False
    return not said or _same(_UNSAID.sub("", said), _UNSAID.sub("", text))


def _same(said: str, text: str) -> bool:
    """Engines write U+FFFD, or nothing, for a token that is a part of a character."""
    at, gap = 0, 0
    for index, piece in enumerate(_UNREADABLES.split(said)):
        if index % 2:
            gap = len(piece)
            continue
        found = text.find(piece, at, at + gap + len(piece))
        if found < 0:
            return False
        at, gap = found + len(piece), 0 if piece else gap
    return len(text) - at <= gap


def _said(logprobs: Any) -> Iterator[bytes]:
    """The tokens, in UTF-8: a character may be in several of them."""
    if isinstance(logprobs, list):
        yield from map(_token, logprobs)
        return
    if not isinstance(logprobs, dict):
        raise _OddError
    for name in _LISTS:
        yield from map(_token, logprobs.get(name) or ())
    for name, value in logprobs.items():
        if name in _LISTS:
            continue
        if name == "tokens":
            yield from (_string(token).encode() for token in value or ())
        elif name == "top_logprobs":
            _check_named(value or ())
        else:
            _check_numbers(name, value)


def _token(entry: Any) -> bytes:
    token = _entry(entry)
    for other in entry.get("top_logprobs") or ():
        _check_alternative(_entry(other).decode("utf-8", "replace"))
    return token


def _entry(entry: Any) -> bytes:
    """The text of a token or of an alternative, in which nothing else has a text."""
    if not isinstance(entry, dict):
        raise _OddError
    for name, value in entry.items():
        if name not in ("token", "bytes", "top_logprobs"):
            _check_numbers(name, value)
    data = entry.get("bytes") or []
    if not isinstance(data, list):  # bytes(n) are n zeros
        raise _OddError
    return _read(_string(entry.get("token")), bytes(data))


def _read(token: str, data: bytes) -> bytes:
    """The bytes of a token, which may be less than a character. Then its text shows them as escapes
    or not at all."""
    own = token.encode()
    if not data or own == data:
        return own
    escaped = _ESCAPED.fullmatch(token)
    same = (
        bytes.fromhex(escaped[1].replace(r"\x", "")) == data
        if escaped
        else not token.strip(_UNREADABLE)
    )
    if not same:
        raise _OddError
    return data


def _check_named(value: Any) -> None:
    for alternatives in value:
        for token, number in (alternatives or {}).items():
            _check_alternative(token)
            _check_numbers("", number)


def _check_alternative(token: str) -> None:
    core = _SIGNS.sub("", token)
    short = len(core) <= _LONGEST_WORD and sum(map(str.isdigit, core)) <= _MOST_DIGITS
    word = _IDENTIFIER.fullmatch(token.strip()) is not None
    if len(token) > LONGEST_ALTERNATIVE or not (short or word):
        raise _OddError


def _check_numbers(name: str, value: Any) -> None:
    """Whether a field has numbers, as `logprob` and `text_offset`."""
    numbers = value if isinstance(value, list) else (value,)
    plain = all(type(each) in _NUMBERS for each in numbers)
    if not plain or (name and not _NAME.fullmatch(name)):
        raise _OddError


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise _OddError
    return value
