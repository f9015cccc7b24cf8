"""Ways to hide a text from a filter that a reader or a model still sees through.

A transform maps a text to its disguise, or to None where it does not apply to that text.
"""

from __future__ import annotations

import base64
import codecs
import html
from collections.abc import Callable, Mapping
from typing import Final

import opencc

Transform = Callable[[str], str | None]

WORDINGS: Final = frozenset(("reversed", "rot13", "leet"))
"""Undone for instructions only: no reader takes a reversed number for the number."""
INVISIBLE: Final = frozenset(("smuggled in tags", "smuggled in selectors"))
"""What they carry nobody sees, so a policy may stop them whatever it is: they have no twins."""
KEEP_LENGTH: Final = frozenset(
    (
        "full width",
        "bold",
        "monospace",
        "sans",
        "double struck digits",
        "arabic digits",
        "devanagari digits",
    )
)
"""Undone while an answer streams, because no text has to be held back for them."""


def _between(sign: str) -> Transform:
    """`sign` between characters; words stay apart by blanks."""
    gap = sign if sign.isspace() and len(sign) == 1 else " "
    return lambda text: (gap * 3 if sign.isspace() else " ").join(
        sign.join(w) for w in text.split(" ")
    )


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


_RADICALS = "一:⼀ 人:⼈ 口:⼝ 土:⼟ 大:⼤ 子:⼦ 手:⼿ 方:⽅ 日:⽇ 月:⽉ 用:⽤ 言:⾔ 身:⾝ 示:⽰"
_TRADITIONAL = opencc.OpenCC("s2t")

TRANSFORMS: Final[Mapping[str, Transform]] = {
    "zero width space": _between("\u200b"),
    "zero width joiner": _between("\u200d"),
    "word joiner": _between("\u2060"),
    "soft hyphen": _between("\u00ad"),
    "hangul filler": _between("\u3164"),
    "bidi isolates": _between("\u2066"),
    "byte order marks": _between("\ufeff"),
    "variation selectors": _after("\ufe00"),
    "selectors of the supplement": _between("\U000e0100"),
    "tag characters between": _between("\U000e0041"),
    "full width": _changed(_wide),
    "bold": _letters(0x1D41A, 0x1D400, 0x1D7CE),
    "monospace": _letters(0x1D68A, 0x1D670, 0x1D7F6),
    "sans": _letters(0x1D5BA, 0x1D5A0, 0x1D7E2),
    "double struck digits": _digits_only(0x1D7D8),
    "circled": _letters(0x24D0, 0x24B6),
    "squared": _letters(0x1F130),
    "small capitals": _latin(_like("a:ᴀ b:ʙ d:ᴅ e:ᴇ g:ɢ i:ɪ m:ᴍ n:ɴ o:ᴏ p:ᴘ r:ʀ t:ᴛ u:ᴜ")),
    "cyrillic": _latin(_like("a:а e:е o:о p:р c:с y:у x:х i:і s:ѕ")),
    "greek": _latin(_like("o:ο v:ν p:ρ i:ι u:υ")),
    "struck through": _after("\u0336"),
    "accents": _latin(_like("a:á e:ë i:ï o:ö u:ü n:ñ")),
    "keycaps": _changed(lambda t: "".join(c + "\ufe0f\u20e3" * c.isdigit() for c in t)),
    "arabic digits": _digits_only(0x660),
    "devanagari digits": _digits_only(0x966),
    "circled digits": _like("1:① 2:② 3:③ 4:④ 5:⑤ 6:⑥ 7:⑦ 8:⑧ 9:⑨ 0:⓪"),
    "negative circled digits": _like("1:❶ 2:❷ 3:❸ 4:❹ 5:❺ 6:❻ 7:❼ 8:❽ 9:❾ 0:⓿"),
    "traditional": _han(_changed(_TRADITIONAL.convert)),
    "radicals": _like(_RADICALS),
    "spaced": _between(" "),
    "wide spaced": _between("\u3000"),
    "starred": _between("*"),
    "underscored": _between("_"),
    "middle dots": _between("·"),
    "bars": _between("|"),
    "slashes": _between("/"),
    "emoji between": _between("😀"),
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
    "reversed": lambda t: t[::-1],
    "rot13": _latin(lambda t: codecs.encode(t, "rot13")),
    "leet": _latin(_like("a:4 e:3 o:0 s:5 t:7")),
}  # fmt: skip
