from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.scan.item import LineError, Role, ScanItem, item_of, item_of_line, sources_of
from threegate.types import Channel, Layer, Source


def test_only_text_is_needed_and_other_fields_are_ignored() -> None:
    item = item_of_line(b'{"text":"hi","label":1,"source":"x"}')
    assert item == ScanItem("hi")
    assert item.role is Role.USER


def test_every_field() -> None:
    row = {"id": 7, "text": "a", "role": "assistant", "prompt": "q", "context": ["s"], "claim": "c"}
    item = item_of(row)
    assert item == ScanItem("a", 7, Role.ASSISTANT, "q", (Source("0", "s"),), "c")
    assert item.passage.question == "q"
    assert item.passage.sources == (Source("0", "s"),)


def test_a_claim_stands_for_itself() -> None:
    assert item_of({"claim": "c", "context": "s"}).text == "c"


@pytest.mark.parametrize(
    ("role", "layer", "channel"),
    [
        ("user", Layer.INPUT, Channel.USER),
        ("tool_result", Layer.INPUT, Channel.TOOL_RESULT),
        ("assistant", Layer.OUTPUT, Channel.CONTENT),
        ("reasoning", Layer.OUTPUT, Channel.REASONING),
    ],
)
def test_the_role_decides_the_channel(role: str, layer: Layer, channel: Channel) -> None:
    locus = item_of({"text": "a", "role": role}).passage.locus
    assert (locus.layer, locus.channel) == (layer, channel)


def test_no_context_is_not_an_empty_one() -> None:
    assert sources_of(None) is None
    assert sources_of([]) == ()
    assert sources_of("one") == (Source("0", "one"),)


SECRET = "geheim-4711"
BAD: list[tuple[Any, str]] = [
    ({"id": 1}, "text"),
    ({"id": 1, "text": 5}, "text"),
    ({"id": 1, "text": SECRET, "role": SECRET}, "role"),
    ({"id": 1, "text": SECRET, "prompt": [SECRET]}, "prompt"),
    ({"id": 1, "text": SECRET, "claim": 1}, "claim"),
    ({"id": 1, "text": SECRET, "context": [1]}, "context"),
    ({"id": 1, "text": SECRET, "context": {"a": SECRET}}, "context"),
]


@pytest.mark.parametrize(("row", "names"), BAD)
def test_an_error_names_the_field_and_never_its_value(row: Any, names: str) -> None:
    with pytest.raises(LineError) as caught:
        item_of(row)
    assert names in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.id == 1


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"1",
        b'"a"',
        b"{",
        b'{"text":"geheim',
        b"\xff",
        b'{"text":"\\ud800"}',
        b'{"a":NaN}',
    ],
)
def test_what_is_no_object_is_an_error_without_the_line(line: bytes) -> None:
    with pytest.raises(LineError) as caught:
        item_of_line(line)
    assert "geheim" not in str(caught.value)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_through(text: str) -> None:
    assert item_of_line(json.dumps({"text": text}).encode()).text == text
