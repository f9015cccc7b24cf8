"""Views that undo leetspeak, rot13, reversed text, right-to-left overrides, and text hidden in
invisible characters. Word lists and injection signatures read them."""

from __future__ import annotations

import codecs
import re

from threegate.normalize.view import Letters, View, edited, reversed_, translated

LEET, ROT13, REVERSED, SMUGGLED = "leet", "rot13", "reversed", "smuggled"
BIDI = "bidi"

_LEET = tuple(zip("013457@$!|€", "oieastasiie", strict=True))
_ROT13: Letters = {
    c: ord(codecs.encode(chr(c), "rot13")) for c in (*range(0x41, 0x5B), *range(0x61, 0x7B))
}
_KEYS = (
    "ignore", "disregard", "previous", "instructions", "system prompt", "developer mode",
    "override", "jailbreak", "prompt", "safety", "filters", "restrictions",
)  # fmt: skip
_HAN_KEYS = (
    *("忽略", "无视", "指令", "提示词", "系统提示"),
    *("开发者模式", "越狱", "指示", "限制", "规则"),
)

LEET_TRIGGER = r"[A-Za-z][013457@$!|€]{1,2}[A-Za-z]"
ROT13_TRIGGER = "(?i)" + "|".join(codecs.encode(k, "rot13") for k in _KEYS)
REVERSED_TRIGGER = "(?i)" + "|".join(k[::-1] for k in (*_KEYS, *_HAN_KEYS))
SMUGGLED_TRIGGER = (
    r"(?:[\x{E0020}-\x{E007E}][\x{200B}-\x{200F}\x{2060}-\x{2064}\x{FEFF}]?){4}"
    r"|[\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}]{4}"
)

RLO = "\u202e"
"""Right-to-left override: the text after it is displayed reversed."""

_OVERRIDDEN = re.compile(f"{RLO}([^\u202a-\u202e\n]{{4,}})\u202c?")
_TAGS = re.compile("(?:[\U000e0020-\U000e007e][\u200b-\u200f\u2060-\u2064\ufeff]?){4,}")
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")


def leet(source: View) -> View:
    """`source` itself when nothing differs. `str.translate` takes five times as long for text that
    is not ASCII."""
    text = source.text
    for sign, letter in _LEET:
        text = text.replace(sign, letter)
    return source if text == source.text else View(LEET, text, source)


def rot13(source: View) -> View:
    return translated(source, ROT13, _ROT13)


def backwards(source: View) -> View:
    return reversed_(source, REVERSED)


def bidi_resolved(source: View) -> View:
    """Text after a right-to-left override as it is displayed, without the marks."""
    return edited(source, BIDI, _OVERRIDDEN, lambda match: match.group(1)[::-1])


def smuggled(source: View) -> View:
    """The text that tag characters and variation selectors encode."""
    view = edited(source, SMUGGLED, _TAGS, _tags)
    return edited(view, SMUGGLED, _SELECTORS, _selectors)


def _tags(match: re.Match[str]) -> str:
    return "".join(chr(ord(c) - 0xE0000) for c in match.group() if c > "\U000e0000")


def _selectors(match: re.Match[str]) -> str | None:
    data = bytes(
        ord(c) - 0xFE00 if ord(c) < 0xE0100 else ord(c) - 0xE0100 + 16 for c in match.group()
    )
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
