"""The decoded view: escapes and encoded blocks replaced by the text that they encode.

One escape (percent, HTML, `\\u`) is one character and maps back exactly; an encoded block (base64,
base32, hex, bits) maps back as a whole. A block is decoded only if the result is text.
Every step makes the text shorter, so the work is bounded by depth times size.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import re2

from threegate.normalize.re2_spans import spans
from threegate.normalize.text_sniffing import legible, readable
from threegate.normalize.view import View, edited, edited_at

NAME = "decoded"
DEPTH = 3

_B = "[89ABab][0-9A-Fa-f]"
_H = "[0-9A-Fa-f]"
_PERCENT = re.compile(rf"%[0-7]{_H}|%[CDcd]{_H}%{_B}|%[Ee]{_H}%{_B}%{_B}|%[Ff][0-7]%{_B}%{_B}%{_B}")
_BACKSLASH = re.compile(
    rf"\\u[dD][89abAB]{_H}{{2}}\\u[dD][c-fC-F]{_H}{{2}}|\\u\{{{_H}{{1,6}}\}}|\\u{_H}{{4}}"
    rf"|\\U{_H}{{8}}|\\x{_H}{{2}}"
    # JSON in JSON
    rf"|\\\\(?=\\{{0,32}}(?:u(?:\{{{_H}{{1,6}}\}}|{_H}{{4}})|U{_H}{{8}}|x{_H}{{2}}))"
)
_ENTITY = re.compile(rf"&(?:#[xX]{_H}{{1,6}}|#[0-9]{{1,7}}|[A-Za-z]{{2,8}});")
_NOTATION = re.compile(rf"U\+{_H}{{4,6}}(?:[ ,]?U\+{_H}{{4,6}}){{2,}}")
_HEX = re.compile(
    rf"(?<![0-9A-Za-z])(?:{_H}{{12,}}(?![0-9A-Za-z :])"
    rf"|{_H}{_H}(?:[ :]?+{_H}{_H}){{5,}}(?![0-9A-Za-z]))"
)
_BITS = re.compile(r"(?<![0-9])(?:[01]{8}[ ,]?){5,}[01]{8}(?![0-9])")
_BASE64 = re.compile(
    r"(?<![A-Za-z0-9+/_\-])(?:[A-Za-z0-9+/_\-]{60,76}+\r?\n)*(?:[A-Za-z0-9+/_\-]{12,}={0,2}|[A-Za-z0-9+/_\-]{6,}={1,2})"
    r"(?![A-Za-z0-9+/=])"
)
_BASE64_CHARS = frozenset(string.ascii_letters + string.digits + "+/_-")
_SIXES = re2.compile(r"[A-Za-z0-9+/_\-]{12,}|[A-Za-z0-9+/_\-]{6,}=")
_BASE32 = re.compile(r"(?<![A-Za-z0-9])(?:[A-Z2-7]{16,}={0,6}|[A-Z2-7]{8,}={1,6})(?![A-Za-z0-9=])")


def decoded(source: View, triggered: Iterable[str]) -> View:
    """`source` with one level of encoding undone, by the steps of these `TRIGGERS`; `source` itself
    when nothing is encoded."""
    view = source
    for trigger in TRIGGERS:
        if trigger in triggered:
            for step in _STEPS[trigger]:
                view = step(view)
    return view


@lru_cache(4096)  # of single characters
def _percent(escape: str) -> str | None:
    try:
        return bytes.fromhex(escape.replace("%", "")).decode()
    except UnicodeDecodeError:
        return None


@lru_cache(4096)
def _backslash(escape: str) -> str | None:
    if escape == r"\\":
        return "\\"
    codes = [int(c, 16) for c in re.findall(r"[0-9A-Fa-f]{1,8}", escape)]
    if len(codes) == 2:
        return chr(0x10000 + ((codes[0] - 0xD800) << 10) + codes[1] - 0xDC00)
    return _char(codes[0]) if codes else None


def _char(code: int) -> str | None:
    return chr(code) if code < 0xD800 or 0xDFFF < code < 0x110000 else None


@lru_cache(4096)
def _entity(escape: str) -> str | None:
    text = html.unescape(escape)
    return text if len(text) == 1 and text != escape else None


def _notation(match: re.Match[str]) -> str | None:
    chars = [_char(int(c, 16)) for c in re.findall(r"U\+([0-9A-Fa-f]{4,6})", match.group())]
    return None if None in chars else "".join(c for c in chars if c)


def _hex(match: re.Match[str]) -> str | None:
    digits = match.group().replace(" ", "").replace(":", "")
    return legible(bytes.fromhex(digits)) if len(digits) % 2 == 0 else None


def _bits(match: re.Match[str]) -> str | None:
    bits = match.group().replace(" ", "").replace(",", "")
    return readable(int(bits, 2).to_bytes(len(bits) // 8))


def _base64(match: re.Match[str]) -> str | None:
    token = "".join(match.group().split()).rstrip("=").replace("-", "+").replace("_", "/")
    if len(token) % 4 == 1:
        return None
    return legible(base64.b64decode(token + "=" * (-len(token) % 4)))


def _base32(match: re.Match[str]) -> str | None:
    token = match.group().rstrip("=")
    try:
        return readable(base64.b32decode(token + "=" * (-len(token) % 8)))
    except binascii.Error:
        return None


Decode = Callable[[re.Match[str]], str | None]
Step = Callable[[View], View]


def _escape(pattern: re.Pattern[str], decode: Callable[[str], str | None]) -> Step:
    """A step that replaces escapes of single characters."""
    return lambda view: edited(view, NAME, pattern, lambda match: decode(match.group()))


def _block(
    pattern: re.Pattern[str],
    tokens: str,
    decode: Decode,
    likely: Callable[[str], bool] = lambda token: True,
    alphabet: Iterable[str] = _BASE64_CHARS,
) -> Step:
    """A step that decodes blocks. `tokens` is RE2 and finds where blocks may begin, possibly with
    one character before that is not of the alphabet; `likely` rejects most tokens that are not
    blocks."""
    token, inside = re2.compile(tokens), frozenset(alphabet)

    def step(view: View) -> View:
        starts = [at for at, text in _tokens(token, view.text, inside) if likely(text)]
        return edited_at(view, NAME, pattern, decode, starts) if starts else view

    return step


def _tokens(token: Any, text: str, inside: frozenset[str]) -> Iterator[tuple[int, str]]:
    """Start and text of each token. Tokens are ASCII: other characters become one byte each, which
    are fewer to read and keep their places."""
    for start, end in spans(token, text.encode("ascii", "replace")):
        first = start + (text[start] not in inside)
        yield first, text[first:end]


def _may_be_base64(token: str) -> bool:
    """Rejects words in lower case and hexadecimal, which are never the base64 of a sentence: a
    letter after `f` at the first of three bytes would make that byte non-ASCII."""
    letters = token[1:].translate(_JOINERS)
    return not (letters.isalpha() and letters.islower()) and not _SMALL_HEX.fullmatch(token)


def _may_be_hex(token: str) -> bool:
    """Rejects words, and short numbers whose pairs of digits are not all printable ASCII."""
    if token.isdigit():
        return len(token) >= _LONG_NUMBER or _ASCII.fullmatch(token) is not None
    return not token.isalpha()


def _base64_blocks(view: View) -> View:
    """Blocks of base64, and of base32 where one of the same tokens has that many of its
    characters."""
    tokens = [*_tokens(_SIXES, view.text, _BASE64_CHARS)]
    starts = [at for at, text in tokens if _may_be_base64(text)]
    made = edited_at(view, NAME, _BASE64, _base64, starts) if starts else view
    if made is view and not any(_CAPITALS.search(text) for _, text in tokens):
        return view
    return _base32_blocks(made)


_JOINERS = str.maketrans("", "", "_-/+")
_CAPITALS = re.compile("[A-Z2-7]{8}")
_SMALL_HEX = re.compile("[0-9a-f]*")
_ASCII = re.compile("(?:[2-7][0-9])+")
_LONG_NUMBER = 32


_CONTINUED = "[\x80-\xbf]"
_MISREAD = re.compile(
    rf"[\xc2-\xdf]{_CONTINUED}|[\xe0-\xef]{_CONTINUED}{{2}}|[\xf0-\xf4]{_CONTINUED}{{3}}"
)
_MISREAD_SIGN = b"\xc3"
"""The first byte, in UTF-8, of each character with which `_MISREAD` begins."""


def reread(source: View) -> View:
    """`source` with UTF-8 that was decoded as Latin-1 put right; itself when it has none."""
    if _MISREAD_SIGN not in source.text.encode():
        return source
    return edited(source, source.name, _MISREAD, _again)


def _again(match: re.Match[str]) -> str | None:
    try:
        return match.group().encode("latin-1").decode()
    except UnicodeDecodeError:
        return None


_base32_blocks = _block(_BASE32, "[A-Z2-7]{16,}|[A-Z2-7]{8,}=", _base32)
_ESCAPES: Mapping[str, tuple[Step, ...]] = {
    r"%[0-9A-Fa-f]{2}": (_escape(_PERCENT, _percent),),
    r"\\[uUx][0-9A-Fa-f{]": (_escape(_BACKSLASH, _backslash),),
    r"&(?:#|[A-Za-z]{2,8};)": (_escape(_ENTITY, _entity),),
    r"U\+[0-9A-Fa-f]{4}": (lambda view: edited(view, NAME, _NOTATION, _notation),),
}
_BLOCKS: Mapping[str, tuple[Step, ...]] = {
    r"(?:[01]{8}[ ,]?){6}": (
        _block(_BITS, "(?:^|[^0-9])(?:[01]{8}[ ,]?){5}[01]{8}", _bits, alphabet="01"),
    ),
    r"(?:[0-9A-Fa-f]{2}[ :]?){6}": (
        _block(
            _HEX,
            rf"(?:^|[^0-9A-Za-z])(?:{_H}{{2}}[ :]?){{5,}}{_H}{{2}}",
            _hex,
            _may_be_hex,
            string.hexdigits,
        ),
    ),
    r"[A-Za-z0-9+/_\-]{12}|[A-Za-z0-9+/_\-]{6}=": (_base64_blocks,),
}
_STEPS = {**_ESCAPES, **_BLOCKS}
ESCAPES, BLOCKS = tuple(_ESCAPES), tuple(_BLOCKS)
TRIGGERS = tuple(_STEPS)
"""RE2; a pattern matches in every text in which its steps may decode something, that of a block in
the block itself, which is ASCII."""
