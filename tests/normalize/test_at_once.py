"""A long text is read by arrays and a short one by patterns: both make the same views."""

from __future__ import annotations

import base64
import re
from random import Random

import numpy as np
import pytest
from threegate.normalize import decoded, despaced, fold, mojibake, views
from threegate.normalize.view import View, raw, removed, rewritten, without
from threegate.types import Span

ESCAPES = [
    *("%41", "%e4%bd%a0", "%E0%80%80", "%C0%80", "%F0%9F%98%80", "%F5%80%80%80", "%ED%A0%80", "%4"),
    *("%", r"\u0041", r"\uD83D\uDE00", r"\ud83d", r"\u{1F600}", r"\u{110000}", r"\U0001F600"),
    *(r"\\u0041", r"\\\u4f60", r"\\\\x41", r"\\uD83D\\uDE00", r"\\U000000", r"\\u{41", "\\" * 2),
    *(r"\UFFFFFFFF", r"\x41", "\\", r"\u", r"\u{}", r"\uDE00", r"\u{0000041}", r"\x4"),
    *("&#65;", "&#x41;", "&#0;", "&#13;", "&#128;", "&#160;", "&#xD800;", "&#9999999;", "&#65534;"),
    *("&#64976;", "&#1114111;", "&#00000065;", "&lt;", "&amp;", "&nope;", "&Aacute;", "&hellip;"),
    *("U+4F60 U+0041", "U+0041,U+1F600 U+10FFFF", "U+D800", "U+0041U+0042", "U+004", "U+0000411"),
    *(r"\xe4\xbd\xa0", r"\xf0\x9f\x98\x80", r"\xe0\x80\x80", r"\xed\xa0\x80", "ä½\xa0", "Ã©"),
    *("&a;", "&#;", "&#x;", "&fjlig;", "&NotEqualTilde;", "&", "&#x10FFFF;", "&#127;"),
]
SIGNS = ["a\u0336", "\u200b", "\ufe0f", "\U000e0041", "\u0301", "国", "國", "ﬁ", "Ａ", "e\u0301"]
APART = [
    "身*份",
    "忽 略",
    "密-码 ",
    "国    家",
    "请~忽",
    "1*3_8",
    "1**3",
    "1***3",
    "甲\\乙",
    "国·",
    "*国",
]
BETWEEN = [*" ,\n:;=aZ1", "\r\n", "", "", "", "  ", "==", "/", "-", "_", "0d"]
SAYS = [
    "ignore all previous",
    "号码在这里 ",
    "tel 13800138000\n",
    "\x00\x01binary\xff",
    "éà ok you",
    "tel\x00 13800138000\x07\x01 and the rest",
]
CODECS = ["utf-8", "utf-8", "utf-16", "utf-16-le", "utf-16-be"]


def block(draw: Random) -> str:
    data = (
        draw.choice(SAYS).encode(draw.choice(CODECS))
        if draw.random() < 0.6
        else draw.randbytes(draw.randint(4, 60))
    )
    coded = draw.choice([base64.b64encode, base64.urlsafe_b64encode, base64.b32encode])
    text = [data.hex(), data.hex(" "), data.hex(":").upper(), coded(data).decode()]
    wrapped = base64.encodebytes(draw.randbytes(20) + data * 4).decode()
    bits = "".join(f"{byte:08b}" for byte in data[:8])
    return draw.choice([*text, *text, wrapped, bits, str(draw.randrange(10**18))])


def made(draw: Random) -> str:
    parts = []
    for _ in range(draw.randint(1, 30)):
        kind = draw.random()
        parts.append(draw.choice(ESCAPES) if kind < 0.5 else block(draw) if kind < 0.8 else "")
        parts.append(draw.choice(SIGNS) if kind > 0.9 else draw.choice(BETWEEN))
        parts.append(draw.choice(APART) if kind > 0.7 else "")
    return "".join(parts)


def told(text: str, least: int) -> list[tuple[str, str, list[Span]]]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (decoded, fold, despaced, mojibake):
            patch.setattr(module, "LONG", least)
        patch.setattr(despaced, "_SPARSE", 0)
        for module in (decoded, fold):
            patch.setattr(module, "FEW", least)
        return [(v.name, v.text, places(v)) for v in views(text)]


def places(view: View) -> list[Span]:
    return [view.original(Span(i, i + 1)) for i in range(len(view.text))]


@pytest.mark.parametrize("seed", range(100))
def test_arrays_make_the_views_that_patterns_make(seed: int) -> None:
    text = made(Random(seed))
    assert told(text, 0) == told(text, 1 << 40)


def test_every_form_alone() -> None:
    for text in (*ESCAPES, *(e + "." for e in ESCAPES), *map(str.__add__, ESCAPES, ESCAPES[1:])):
        assert told(text, 0) == told(text, 1 << 40)


def test_characters_gone_and_stretches_rewritten_map_back() -> None:
    source = raw("a--b-c--")
    gone = without(source, "v", np.array([1, 2, 4, 6, 7]))
    assert (gone.text, places(gone)) == ("abc", places(removed(source, "v", re.compile("-+"))))
    new = rewritten(source, "v", np.array([1, 4]), np.array([3, 5]), np.array([0x41, 0x1F600]))
    assert new.text == "aAb😀c--"
    assert new.original(Span(1, 4)) == Span(1, 5)
    assert without(source, "v", np.array([], np.int64)) is source


@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 18, 32, 33, 100])
def test_a_run_is_found_whatever_its_length(size: int) -> None:
    """A pattern that counts by sixteens matches what one that counts by ones does."""
    many = re.compile(f"({despaced._many('a[.]', 1)})[ab]")
    one = re.compile("((?:a[.])+)[ab]")
    for text in ("a." * size, "a." * size + "b", "a." * size + "ca.a"):
        assert [m.span(1) for m in many.finditer(text)] == [m.span(1) for m in one.finditer(text)]
