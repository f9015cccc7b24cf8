"""Which characters look like others, and which are invisible. Built once, on first use.

NFKC and accents come from the standard library, simplified characters from OpenCC (one character
to one), look-alikes and decorated letters from the short tables below. Only characters that map to
letters, digits or Han characters are included: typographic signs stay unchanged.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from itertools import chain

import opencc

INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
"""Class of characters without a shape: joiners, marks of direction, fillers, tags, variation
selectors. It is Unicode 16's `Default_Ignorable_Code_Point` and the marks of annotations (FFF9 to
FFFB)."""
BLANK = "\u2800\U0001d159"
"""A cell of braille without dots, and a note without a head: drawn as nothing, but only between
letters and digits they are no part of braille or music."""
CONTROLS = r"\x00-\x08\x0e-\x1b\x7f"
"""Likewise the control characters of ASCII that are no white space."""
MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
"""Combining marks that lie over or under a letter."""

_LOOK_ALIKE = {
    # Cyrillic
    **dict(zip("аеорсухіѕјһԁԛԝкмтвнгпьЬѵӏ", "aeopcyxisjhdqwkmtbhrnbbvl", strict=True)),
    **dict(zip("АВЕКМНОРСТУХІЅЈԌЗӀ", "ABEKMHOPCTYXISJG3I", strict=True)),
    # Greek
    **dict(zip("ονραικυτγηωχ", "ovpaikutynwx", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
    # Armenian, Latin and other letters drawn alike
    **dict(zip("օսոհքզցւաıɑɡʟɩʋᴄᴏᴠᴡᴢ", "ounhpqguwiaglivcovwz", strict=True)),
    **dict(zip("ᴀʙᴅᴇꜰɢʜɪᴊᴋᴍɴᴘʀꜱᴛᴜʏ", "abdefghijkmnprstuy", strict=True)),
    **dict(zip("øłđħŧƀɛɔəɐɥɯɹʇʌʍ", "oldhtbeceahmrtvw", strict=True)),
}
_MORE = {
    **{0x2776 + i: ord("1") + i for i in range(9)},  # negative circled digits
    **{0x2780 + i: ord("1") + i for i in range(9)},
    **{0x278A + i: ord("1") + i for i in range(9)},
    **{start + i: ord("a") + i for start in (0x1F150, 0x1F170, 0x1F1E6) for i in range(26)},
    0x24FF: ord("0"),
    **{c: ord(" ") for c in (0xA0, 0x2000, 0x2002, 0x2003, 0x2007, 0x2009, 0x202F, 0x205F)},
}
_COMPATIBLE = (
    (0xA0, 0x3400), (0xA640, 0xABFF), (0xF900, 0xFFF0), (0x10400, 0x10450), (0x1D400, 0x1D800),
    (0x1F100, 0x1F200), (0x1FBF0, 0x1FBFA), (0x2F800, 0x2FA20),
)  # fmt: skip
_NATURAL = frozenset("，！：；？（）　％")
"""Full-width punctuation of ordinary Chinese: it is folded but does not trigger folding."""


@dataclass(frozen=True, slots=True)
class Tables:
    """`single`: code point to code point. `multiple`: character to string. `trigger`: characters
    that make a text worth folding, as the inside of a regular expression's class."""

    single: dict[int, int] = field(repr=False)
    multiple: dict[str, str] = field(repr=False)
    trigger: str = field(repr=False)
    accented: str = field(repr=False)


@cache
def tables() -> Tables:
    single, multiple = dict(_MORE), {}
    accented: list[str] = []
    for code in chain.from_iterable(range(*r) for r in _COMPATIBLE):
        char = chr(code)
        plain = _plain(char)
        if plain == char or code in single or not _needs_folding(plain):
            continue
        if len(plain) > 1:
            multiple[char] = plain
            continue
        single[code] = ord(plain)
        if unicodedata.normalize("NFKC", char) == char:
            accented.append(char)
    single |= {ord(a): ord(b) for a, b in _LOOK_ALIKE.items()} | simplified()
    for code in range(0xFF01, 0xFF5F):
        single.setdefault(code, code - 0xFEE0)
    quiet = {*accented, *_NATURAL, *map(chr, range(0x1F1E6, 0x1F200))}
    trigger = (c for c in (*map(chr, single), *multiple) if c not in quiet)
    return Tables(single, multiple, char_class(trigger), char_class(accented))


def _plain(char: str) -> str:
    """Compatible form without marks; digits of any script as ASCII."""
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    apart = unicodedata.normalize("NFKD", char)
    return "".join(c for c in apart if not unicodedata.combining(c))


def _needs_folding(plain: str) -> bool:
    return any(("0" <= c <= "z" and c.isalnum()) or "\u4e00" <= c <= "\u9fff" for c in plain)


@cache
def simplified() -> dict[int, int]:
    """Traditional to simplified, for characters that simplified Chinese does not use itself."""
    chars = [chr(c) for c in chain(range(0x3400, 0x4DC0), range(0x4E00, 0xA000))]
    to = opencc.OpenCC("t2s").convert("\n".join(chars)).split("\n")
    pairs = zip(chars, to, strict=True)
    return {ord(a): ord(b) for a, b in pairs if a != b and len(b) == 1 and not _is_simplified(a)}


def _is_simplified(char: str) -> bool:
    try:
        char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def above_bmp(text: str) -> bool:
    """Whether a character is above U+FFFF, at a sixth of the cost of a pattern: UTF-16 needs twice
    the space for it."""
    return len(text.encode("utf-16-le", "surrogatepass")) > 2 * len(text)


def char_class(chars: object) -> str:
    """The inside of a class, with ranges; understood by `re` and RE2."""
    codes = sorted({ord(c) for c in chars})  # type: ignore[attr-defined]
    parts, i = [], 0
    while i < len(codes):
        j = i
        while j + 1 < len(codes) and codes[j + 1] == codes[j] + 1:
            j += 1
        parts.append(chr(codes[i]) if i == j else f"{chr(codes[i])}-{chr(codes[j])}")
        i = j + 1
    return "".join(parts)


HIDDEN = re.compile(f"[{INVISIBLE}]+")
UNSEEN = re.compile(f"[{INVISIBLE}{CONTROLS}]+")
BLANK_IN_WORD = re.compile(rf"(?<=\w)[{BLANK}]+(?=\w)")
OVER = re.compile(f"[{MARKS}]+")
