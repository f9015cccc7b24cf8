"""Each escape and block by itself: what it decodes to, and what stays."""

from __future__ import annotations

import base64

import pytest
from threegate.normalize.decoded import TRIGGERS, decoded
from threegate.normalize.view import raw
from threegate.types import Span

READS = {
    "%41": "A",
    "%e4%bd%a0": "你",
    "%E0%80%80": "%E0%80%80",  # overlong
    "%F0%9F%98%80": "😀",
    "%ED%A0%80": "%ED%A0%80",  # half a pair
    "%4": "%4",
    r"\u0041": "A",
    r"\uD83D\uDE00": "😀",
    r"\ud83d": r"\ud83d",
    r"\u{1F600}": "😀",
    r"\u{110000}": r"\u{110000}",
    r"\U0001F600": "😀",
    r"\UFFFFFFFF": r"\UFFFFFFFF",
    r"\x41": "A",
    r"\\u0041": r"\u0041",
    r"\\\\x41": r"\\x41",
    "&#65;": "A",
    "&#x41;": "A",
    "&lt;": "<",
    "&nope;": "&nope;",
    "&NotEqualTilde;": "&NotEqualTilde;",
    "U+4F60 U+0041 U+0042": "你AB",
    "U+4F60 U+0041": "U+4F60 U+0041",
    "69676e6f726520616c6c": "ignore all",
    "69:67:6e:6f:72:65": "ignore",
    "aWdub3JlIGFsbCBydWxlcw==": "ignore all rules",
    "NFTW433SMUQGC3DMEBZHK3DFOM======": "ignore all rules",
    "01101001 01100111 01101110 01101111 01110010 01100101": "ignore",
    base64.b64encode("号码在这里不要看".encode("utf-16-le")).decode(): "号码在这里不要看",
    "4711471147114711": "4711471147114711",
}


@pytest.mark.parametrize("text", READS)
def test_what_it_decodes_to(text: str) -> None:
    view = decoded(raw(f"a {text}."), TRIGGERS)
    assert view.text == f"a {READS[text]}."
    if view.text != f"a {text}.":
        assert view.original(Span(2, len(view.text) - 1)) == Span(2, 2 + len(text))


def test_a_row_of_backslashes_takes_linear_time() -> None:
    text = "\\" * 100_000 + "u0041"
    assert decoded(raw(text), TRIGGERS).text.endswith(("A", r"\u0041"))
