from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.errors import RequestError, UpstreamError
from threegate.types import Channel, Layer
from threegate.wire.limits import MAX_TEXTS
from threegate.wire.pointer import NAME, put
from threegate.wire.slots import SlotWalk, walk_fields
from threegate.wire.words import STRUCTURAL


def slots(value: Any, channel: Channel = Channel.USER, key: str = "x") -> dict[str, str]:
    walk = SlotWalk(Layer.INPUT)
    walk.walk(value, "/x", channel, key)
    return {slot.pointer: slot.text for slot in walk.found()}


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("text", {"/x": "text"}),
        ("", {}),
        (12, {}),
        ({"type": "text", "id": "call_1", "role": "user", "text": "a"}, {"/x/text": "a"}),
        ({"type": "not a word!"}, {"/x/type": "not a word!"}),
        ({"signature": "c2lnbmVk" * 40}, {}),
        ({"signature": "in words"}, {"/x/signature": "in words"}),
        ({"encrypted_content": "13812345678"}, {"/x/encrypted_content": "13812345678"}),
        (
            {"id": "3f2a81c4-9b7d-4e1f-8a21-0c5d1e9f7b3a", "type": "web_search_20250305"},
            {"/x/type": "web_search_20250305"},
        ),
        ({"id": "13812345678", "format": "4111"}, {"/x/id": "13812345678"}),
        (
            {"metadata": {"id": "13800138000", "type": "a"}},
            {"/x/metadata/id": "13800138000", "/x/metadata/type": "a"},
        ),
        ({"enum": ["a", 1], "default": {"type": "b"}}, {"/x/enum/0": "a", "/x/default/type": "b"}),
        (
            {"a/b": {"c#d~": "t"}},
            {"/x/a~1b#name": "a/b", "/x/a~1b/c~2d~0#name": "c#d~", "/x/a~1b/c~2d~0": "t"},
        ),
        ({"手机 138": None, "50256": -100, "$ref": 1}, {"/x/手机 138#name": "手机 138"}),
        ({"13812345678": 1}, {"/x/13812345678#name": "13812345678"}),
        (
            {"m": 13812345678, "f": 13812345678.0, "n": [-1234567, 0.5, True]},
            {
                "/x/m#number": "13812345678",
                "/x/f#number": "13812345678",
                "/x/n/0#number": "-1234567",
            },
        ),
        ({"url": "data:text/plain;base64," + b64("秘密".encode())}, {"/x/url#data": "秘密"}),
        ({"url": "data:text/plain,a%20b"}, {"/x/url#data": "a b"}),
        ({"url": "data:image/png;base64," + b64(b"\x89PNG\0" * 20)}, {}),
        ({"url": "data:text/plain;base64,!!"}, {"/x/url": "data:text/plain;base64,!!"}),
        ({"url": "https://a.b/c"}, {"/x/url": "https://a.b/c"}),
        ({"file_data": b64(b"inside a file")}, {"/x/file_data#base64": "inside a file"}),
        ({"data": "plain, not base64"}, {"/x/data": "plain, not base64"}),
        ({"data": b64(b"\xff\xd8\xff\xe0" * 20)}, {}),
        ({"data": "4111111111111111"}, {"/x/data": "4111111111111111"}),
        ({"logprobs": [{"token": "t"}]}, {"/x/logprobs/0/token": "t"}),
        ([["a"], [{"b": ["c"]}]], {"/x/0/0": "a", "/x/1/0/b/0": "c"}),
    ],
)
def test_texts_of_a_value(value: Any, found: dict[str, str]) -> None:
    assert slots(value) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": "\\u4f60\\n"}', {"/x/arguments#json": '{"a": "你\n"}'}),
        ('{"a": 13800138000}', {"/x/arguments#json": '{"a": 13800138000}'}),
        ("not json", {"/x/arguments": "not json"}),
        ('{"broken\\u4f60": ', {"/x/arguments#json": '{"broken你": '}),
    ],
)
def test_arguments_are_readable_json_text(text: str, found: dict[str, str]) -> None:
    assert slots({"arguments": text}, Channel.TOOL_ARGUMENTS) == found


def test_arguments_that_are_an_object_read_the_same() -> None:
    value = {"q": 'a "quoted" 你', "n": 13800138000}
    found = slots({"input": value}, Channel.TOOL_ARGUMENTS)["/x/input#json"]
    assert found == '{"q":"a \\"quoted\\" 你","n":13800138000}'
    assert put({"x": {"input": value}}, {"/x/input#json": found}) == {"x": {"input": value}}


def test_a_tool_result_is_unescaped_only_where_it_is_json() -> None:
    assert slots('{"a": "x\\ny"}', Channel.TOOL_RESULT) == {"/x#json": '{"a": "x\ny"}'}
    assert slots("C:\\new", Channel.TOOL_RESULT) == {"/x": "C:\\new"}
    assert slots('{"a": "x"}', Channel.TOOL_RESULT) == {"/x": '{"a": "x"}'}


VALUES = st.recursive(
    st.integers(-999_999, 999_999) | st.text() | st.none(),
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=5), below, max_size=4)
    ),
    max_leaves=15,
)


@given(VALUES)
def test_putting_every_text_back_changes_nothing(value: Any) -> None:
    body = {"x": value}
    assert put(body, slots(value)) == body or "data:" in json.dumps(value)


@given(VALUES.filter(lambda value: not STRUCTURAL & set(json.dumps(value).split('"'))))
def test_no_string_is_overlooked(value: Any) -> None:
    strings = [leaf for leaf in leaves(value) if leaf and not leaf.startswith("data:")]
    found = {at: text for at, text in slots(value).items() if not at.endswith(NAME)}
    assert sorted(found.values()) == sorted(strings)


@given(st.dictionaries(st.text(min_size=1), st.dictionaries(st.text(min_size=1), st.just(1))))
def test_names_change_and_fields_keep_their_order(value: dict[str, dict[str, int]]) -> None:
    named = {at: f"<{text}>" for at, text in slots(value).items()}
    made = put({"x": value}, named)["x"]
    changed = {text for at, text in named.items()}
    assert [n.strip("<>") if n in changed else n for n in made] == [
        n.strip("<>") if f"<{n}>" in changed else n for n in value
    ]
    for old, new in zip(value.values(), made.values(), strict=True):
        assert len(old) == len(new)


PHONE = "13812345678"


@pytest.mark.parametrize("name", ["content", "text", "input", "description"])
@pytest.mark.parametrize(
    "text",
    [
        f"data:,%00 mobile {PHONE}",
        f"data:,%FF mobile {PHONE}",
        f"data: mobile {PHONE};base64,/+8=",
        f"data:text/plain;base64,{PHONE}A",
    ],
)
def test_what_looks_like_a_file_is_text_where_a_model_reads_text(name: str, text: str) -> None:
    assert slots({name: text}) == {f"/x/{name}": text}


@pytest.mark.parametrize(
    ("layer", "error"), [(Layer.INPUT, RequestError), (Layer.OUTPUT, UpstreamError)]
)
def test_texts_are_counted(layer: Layer, error: type[Exception]) -> None:
    walk = SlotWalk(layer)
    walk.walk(["a"] * MAX_TEXTS, "/x", Channel.USER)
    assert len(walk.slots) == MAX_TEXTS
    with pytest.raises(error, match="16384 texts"):
        walk.walk("a", "/y", Channel.USER)


def leaves(value: Any, key: str = "") -> list[str]:
    if isinstance(value, str):
        return [value]
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [leaf for one in below for leaf in leaves(one)]


def test_fields_and_loci() -> None:
    walk = SlotWalk(Layer.OUTPUT)
    walk.message, walk.choice, walk.base = 2, 1, "/a"
    walk_fields(walk, {"a": {"b": "t"}, "skip": "s"}, Channel.CONTENT, without=("skip",))
    (slot,) = walk.slots
    locus = slot.locus
    assert (locus.layer, locus.channel, locus.message, locus.choice, locus.part) == (
        Layer.OUTPUT,
        Channel.CONTENT,
        2,
        1,
        "/b",
    )
