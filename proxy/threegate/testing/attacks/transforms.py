"""Ways to hide a text from a filter that a reader or a model still sees through.

A transform maps a text to its disguise, or to None where it does not apply to that text.
"""

from __future__ import annotations

import base64
import codecs
import html
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import opencc

from threegate.data_files import table

Transform = Callable[[str], str | None]

_TABLE: Final = table("testing.attacks", "transforms")
WORDINGS, INVISIBLE, KEEP_LENGTH = (
    frozenset(_TABLE[name]) for name in ("wordings", "invisible", "keep_length")
)


def _between(sign: str) -> Transform:
    """`sign` between characters; words stay apart by blanks."""
    gap = sign if sign.isspace() and len(sign) == 1 else " "
    return lambda text: (gap * 3 if sign.isspace() else " ").join(
        sign.join(w) for w in text.split(" ")
    )


def _cut(begin: str, end: str) -> Transform:
    """Words in pieces of three characters."""
    return lambda text: re.sub(r"\S{1,3}", lambda piece: f"{begin}{piece[0]}{end}", text)


def _concatenated(text: str) -> str:
    return '"' + '" + "'.join(re.findall("(?s).{1,3}", text)) + '"'


def _after(sign: str) -> Transform:
    return lambda text: "".join(c + (sign if c != " " else "") for c in text)


def _changed(transform: Callable[[str], str]) -> Transform:
    """Not applicable to what it leaves as it is."""
    return lambda text: new if (new := transform(text)) != text else None


def _mapped(table: dict[int, int]) -> Transform:
    return _changed(lambda text: text.translate(table))


def _letters(lower: int, upper: int = 0, digit: int = 0) -> Transform:
    table = {ord("a") + i: lower + i for i in range(26)}
    table |= {ord("A") + i: (upper or lower) + i for i in range(26)}
    if digit:
        table |= {ord("0") + i: digit + i for i in range(10)}
    return _mapped(table)


def _like(pairs: str) -> Transform:
    return _mapped({ord(a): ord(b) for a, b in (p.split(":") for p in pairs.split())})


def _digits_only(zero: int) -> Transform:
    return _mapped({ord("0") + i: zero + i for i in range(10)})


def _encoded(encode: Callable[[bytes], bytes]) -> Transform:
    return lambda text: encode(text.encode()).decode()


def _latin(transform: Transform) -> Transform:
    return lambda text: (
        transform(text) if text.isascii() and any(c.isalpha() for c in text) else None
    )


def _han(transform: Transform) -> Transform:
    return lambda text: transform(text) if any("\u4e00" <= c <= "\u9fff" for c in text) else None


def _ascii(transform: Callable[[str], str]) -> Transform:
    return lambda text: transform(text) if text.isascii() else None


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def _percent(text: str) -> str:
    return "".join(f"%{b:02X}" for b in text.encode())


def _selector(byte: int) -> str:
    """A byte as a variation selector, which shows nothing."""
    return chr(0xFE00 + byte) if byte < 16 else chr(0xE0100 + byte - 16)


def _vertical(text: str) -> str | None:
    return None if " " in text else "\n" + "\n".join(text) + "\n"


_TRADITIONAL = opencc.OpenCC("s2t")

_KINDS: Final[Mapping[str, Callable[[Any], Transform]]] = {
    "between": _between,
    "after": _after,
    "cut": lambda ends: _cut(*ends),
    "letters": lambda starts: _letters(*starts),
    "digits": _digits_only,
    "alike": _like,
    "alike_latin": lambda pairs: _latin(_like(pairs)),
}
TRANSFORMS: Final[Mapping[str, Transform]] = {
    **{
        name: make(value)
        for kind, make in _KINDS.items()
        for name, value in _TABLE[kind].items()
    },
    "full width": _changed(_wide),
    "keycaps": _changed(lambda t: "".join(c + "\ufe0f\u20e3" * c.isdigit() for c in t)),
    "traditional": _han(_changed(_TRADITIONAL.convert)),
    "one a line": _vertical,
    "no-break spaces": lambda t: t.replace(" ", "\u00a0") if " " in t else None,
    "base64": _encoded(base64.b64encode),
    "base64 twice": _encoded(lambda b: base64.b64encode(base64.b64encode(b))),
    "base64 for addresses": _encoded(base64.urlsafe_b64encode),
    "base32": _encoded(base64.b32encode),
    "hex": lambda t: t.encode().hex(),
    "spaced hex": lambda t: t.encode().hex(" "),
    "bits": lambda t: " ".join(f"{b:08b}" for b in t.encode()),
    "percent": _percent,
    "percent twice": lambda t: _percent(t).replace("%", "%25"),
    "html decimal": lambda t: "".join(f"&#{ord(c)};" for c in t),
    "html hex": lambda t: "".join(f"&#x{ord(c):X};" for c in t),
    "unicode escapes": lambda t: "".join(f"\\u{ord(c):04x}" for c in t),
    "braced escapes": lambda t: "".join(f"\\u{{{ord(c):x}}}" for c in t),
    "code points": lambda t: " ".join(f"U+{ord(c):04X}" for c in t),
    "byte escapes": _ascii(lambda t: "".join(f"\\x{ord(c):02x}" for c in t)),
    "smuggled in tags": _ascii(lambda t: "".join(chr(0xE0000 + ord(c)) for c in t)),
    "smuggled in selectors": lambda t: "".join(map(_selector, t.encode())),
    "full width and zero width": lambda t: "\u200b".join(_wide(t)),
    "base64 of zero width": lambda t: base64.b64encode("\u200b".join(t).encode()).decode(),
    "html of percent": lambda t: html.escape(_percent(t)).replace("%", "&#37;"),
    "concatenated strings": _concatenated,
    "reversed": lambda t: t[::-1],
    "rot13": _latin(lambda t: codecs.encode(t, "rot13")),
}  # fmt: skip
