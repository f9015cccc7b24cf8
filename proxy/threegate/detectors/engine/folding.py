"""Folding maps one character to one character, so spans stay valid. What is folded depends only on
the character or its run."""

from __future__ import annotations

import re
import unicodedata

from threegate.detectors.engine.open_match import HAN_DIGITS
from threegate.normalize.confusables import above_bmp

_DECIMALS = {
    code: str(value)
    for code in range(0x80, 0x20000)
    if (value := unicodedata.decimal(chr(code), None)) is not None
}
"""Digits of other scripts and mathematical digits: ٣, 𝟏."""
WIDE = f"[Ａ-Ｚａ-ｚ＠．－＿＋{''.join(chr(c) for c in _DECIMALS if c < 0x10000)}]"
MATHEMATICAL = "[\U0001d400-\U0001d7ff]"
"""Characters that are folded whatever their neighbours. Two classes, because `re` looks one up in a
table only if all of it lies below U+10000; digits above of other kinds are not folded."""
_LETTERS = {
    code: letter
    for code in range(0x1D400, 0x1D7CE)
    if (letter := unicodedata.normalize("NFKC", chr(code))).isascii()
}
"""Mathematical letters, such as the X of an identity card: 𝐗."""
_WIDE, _MATHEMATICAL = re.compile(WIDE), re.compile(MATHEMATICAL)
_NARROW: dict[int, int | str] = {
    **_DECIMALS,
    **_LETTERS,
    **{c: c - 0xFEE0 for c in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))},
    **{ord(a): b for a, b in zip("＠．－＿＋", "@.-_+", strict=True)},
}
_HAN_ANY = re.compile(f"[{HAN_DIGITS}]")
_ANY = f"[0-9{HAN_DIGITS}]"
_HAN_RUN = re.compile(rf"{_ANY}(?<!{_ANY}.)(?:[ \-]?{_ANY}){{10}}{_ANY}*(?:[ \-]{_ANY}+)*")
_HAN_PART = re.compile(
    rf"[{HAN_DIGITS}](?:[ \-]?[{HAN_DIGITS}]){{2}}[{HAN_DIGITS}]*(?:[ \-][{HAN_DIGITS}]+)*"
)
"""A single Chinese numeral, as in 13800138000一直占线, is not a digit."""
_FOLDED = re.compile(
    rf"[{WIDE[1:-1]}{HAN_DIGITS}](?:(?<={WIDE})|(?<=[{HAN_DIGITS}])(?:[ \-]?[{HAN_DIGITS}]){{2}})"
)
"""Occurs in every text that is folded, except for `MATHEMATICAL`. `re` finds the first class by a
table, in a tenth of the time of RE2, whose states for so many characters lie far apart."""
_VALUES = "001234567891234567891"
_HAN_VALUES = str.maketrans(HAN_DIGITS, _VALUES)


_OWN = (
    r"n(?:api_(?!key|token|secret|org)|fp_|pm_|tn_|vapi-)"
    r"|r(?:8(?:_|\Z)|dme_|ediss?:|nd_|pa_|ubygems_|zp_)|t(?:fp_|gp_|skey-|vly-)"
)
"""Beginnings of keys and addresses whose first letter could be that of an escape: after a backslash
the letter stays."""
_ESCAPED = re.compile(
    rf"(?<=\\)(?!{_OWN})[nrt]"
    r"(?=[0-9A-Z+(]|[a-z][a-z0-9]{1,8}[_.-]|[a-z]{4,8}:|ey[A-Z]|[\w.+-]{1,64}@)",
    re.ASCII,
)
"""The letter of an escape sequence, if a number or the prefix of a key may begin after it; other
letters may belong to a path (`C:\\tmp`)."""
_COLOUR = re.compile(r"(\x1b|\\(?:u001[bB]|x1[bB]|033|e))(\[[0-9;?]{0,16})[A-Za-z]")
"""Terminal colour codes, as `grep --color` puts them before a match."""
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def fold(text: str) -> str:
    """Same length: full-width ASCII and digits of other scripts to ASCII, long runs of Chinese
    digits to digits. In JSON, logs and code a value may directly follow `\\n` or a colour code,
    whose letter is not part of it."""
    if "\x1b" in text or "\\" in text:
        text = _COLOUR.sub("\\1\\2\n", text)
        text = _ESCAPED.sub(lambda letter: _ESCAPES[letter[0]], text)
    if text.isascii() or not (_FOLDED.search(text) or _mathematical(text)):
        return text
    if _WIDE.search(text) or _mathematical(text):
        text = text.translate(_NARROW)
    if _HAN_ANY.search(text):
        text = _HAN_RUN.sub(lambda run: _HAN_PART.sub(_digits, run.group()), text)
    return text


def _mathematical(text: str) -> bool:
    return above_bmp(text) and bool(_MATHEMATICAL.search(text))


def _digits(match: re.Match[str]) -> str:
    return match.group().translate(_HAN_VALUES)
