from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.errors import ProtocolError
from threegate.wire.pointer import copy, escape, get, put

NAMES = st.text(max_size=6)


@given(st.lists(NAMES, min_size=1, max_size=4), st.text())
def test_any_key_can_be_pointed_at(names: list[str], text: str) -> None:
    body: dict[str, object] = {}
    at = body
    for name in names[:-1]:
        at[name] = at = {}
    at[names[-1]] = "old"
    pointer = "".join(f"/{escape(name)}" for name in names)
    assert "#" not in pointer
    assert get(put(body, {pointer: text}), pointer) == text
    assert get(body, pointer) == "old"


def test_forms() -> None:
    body = {
        "json": '{"a": "\\u4f60"}',
        "object": {"a": 1},
        "data": "data:text/plain;charset=utf-8;base64,YQ==",
        "plain": "data:text/plain,a",
        "base64": "YQ==",
        "content": "<think>a</think>b",
    }
    texts = {
        "/json#json": '{"a": "好\n"}',
        "/object#json": '{"a": "<N>"}',
        "/data#data": "好",
        "/plain#data": "b",
        "/base64#base64": "b",
        "/content#think": "X",
        "/content#answer": "Y",
    }
    assert put(body, texts) == {
        "json": '{"a": "好\\n"}',
        "object": {"a": "<N>"},
        "data": "data:text/plain;charset=utf-8;base64,5aW9",
        "plain": "data:text/plain;base64,Yg==",
        "base64": "Yg==",
        "content": "<think>X</think>Y",
    }


def test_an_object_whose_replacement_is_no_json_becomes_text() -> None:
    assert put({"input": {"a": 1}}, {"/input#json": "{broken"}) == {"input": {"text": "{broken"}}


def test_an_unknown_form_is_a_bug() -> None:
    with pytest.raises(ProtocolError):
        put({"a": "b"}, {"/a#nothing": "c"})


def test_copy_and_the_whole_body() -> None:
    body = {"a": [{"b": "c"}]}
    made = copy(body)
    assert made == body
    assert made["a"][0] is not body["a"][0]
    assert get(body, "") is body
    assert get(body, "/a/0/b") == "c"


def test_only_what_is_on_the_way_to_a_text_is_copied() -> None:
    body = {"a": [{"t": "x"}, {"t": "y"}], "b": {"t": "z"}}
    made = put(body, {"/a/0/t": "X", "/a/0/t#name": "u"})
    assert made == {"a": [{"u": "X"}, {"t": "y"}], "b": {"t": "z"}}
    assert body == {"a": [{"t": "x"}, {"t": "y"}], "b": {"t": "z"}}
    assert made["a"][1] is body["a"][1]
    assert made["b"] is body["b"]
