from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.wire.jsontext import (
    JsonSpelling,
    JsonTextReader,
    JsonTextWriter,
    escape,
    read,
    write,
)

from tests.wire.cuts import cut_at, every_single_cut, one_by_one

CASES = [
    (r'{"a": "\u4f60\u597d"}', '{"a": "你好"}'),
    (r'{"a": "x\ny\tz\r"}', '{"a": "x\ny\tz\r"}'),
    (r'{"a": "\"q\" \\ \/"}', r'{"a": "\"q\" \\ /"}'),
    (r'{"a": "\\n\\u4f60"}', r'{"a": "\\n\\u4f60"}'),
    (r'{"a": "\ud83d\ude00"}', '{"a": "😀"}'),
    (r'{"a": "\uD83D\n"}', '{"a": "\\uD83D\n"}'),
    (r'{"a": "\ude00\ud83d\ud83d\ude00"}', r'{"a": "\ude00\ud83d😀"}'),
    (r'{"a": "\u0022\u005c\u0000\b\f"}', r'{"a": "\"\\\u0000\b\f"}'),
    (r'{"a": "\u000a"}', '{"a": "\n"}'),
    ('{\n  "a": [1, true]\n}', '{\n  "a": [1, true]\n}'),
    (r'{"a": "open \u4f', r'{"a": "open \u4f'),
    ('{"a": "open \\', '{"a": "open \\'),
    ("", ""),
]


def readable(pieces: list[str]) -> tuple[str, str]:
    reader = JsonTextReader()
    text = raw = ""
    for piece in pieces:
        text += reader.feed(piece)
        raw += reader.raw
    text += reader.close()
    return text, raw + reader.raw


def written(pieces: list[str]) -> str:
    writer = JsonTextWriter()
    return "".join(writer.feed(piece) for piece in pieces)


@pytest.mark.parametrize(("raw", "text"), CASES)
def test_reading_is_the_same_for_every_cut(raw: str, text: str) -> None:
    for pieces in (one_by_one(raw), *every_single_cut(raw)):
        assert readable(pieces) == (text, raw)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
    max_leaves=8,
)
MARKS = st.lists(st.integers(0, 300))


@given(VALUES, st.booleans(), st.sampled_from([None, 2]), MARKS, MARKS)
def test_writing_what_was_read_is_equal_json_for_any_cut(
    value: object, escaped: bool, indent: int | None, marks: list[int], others: list[int]
) -> None:
    raw = json.dumps(value, ensure_ascii=escaped, indent=indent)
    text, same = readable(cut_at(raw, marks))
    assert same == raw
    assert text == read(raw)
    assert json.loads(written(cut_at(text, others))) == value


@given(st.text(st.sampled_from('\\"nu04d8ae{}[]:,t⟦ \n'), max_size=40), MARKS)
def test_any_text_reads_and_writes_the_same_for_any_cut(text: str, marks: list[int]) -> None:
    assert readable(cut_at(text, marks)) == (read(text), text)
    assert written(cut_at(text, marks)) == write(text)


@pytest.mark.parametrize(
    "text",
    [
        "print('a\\nb', \"c\\nd\")",
        '{"n": NaN, "m": Infinity}',
        "{ let x = 'a\\n'; }",
        "plain words\\n",
        '{"a": "\\u4f60\\/x"}',
        "",
    ],
)
def test_arguments_without_an_edit_leave_as_they_came(text: str) -> None:
    for pieces in (one_by_one(text), *every_single_cut(text)):
        assert spelled(pieces, [1, 3, 4]) == text
        assert spelled(pieces, []) == text


@given(st.text(st.sampled_from('\\"nu04d8ae{}[]:,t \n'), max_size=40), MARKS, MARKS)
def test_any_text_leaves_as_it_came_for_any_cut(
    text: str, marks: list[int], releases: list[int]
) -> None:
    assert spelled(cut_at(text, marks), releases) == text


def spelled(pieces: list[str], releases: list[int]) -> str:
    """What leaves where nothing is edited; text is released up to each of these places."""
    reader, spelling, out, held = JsonTextReader(), JsonSpelling(), "", ""
    for n, piece in enumerate([*pieces, None]):
        held += reader.close() if piece is None else reader.feed(piece)
        spelling.read(reader.units)
        to = releases[n] if n < len(releases) and piece is not None else len(held)
        out += spelling.write(held[:to])
        held = held[to:]
    return out


@given(st.text())
def test_an_escaped_text_is_the_content_of_a_string(text: str) -> None:
    assert json.loads(f'"{escape(text)}"') == text


def test_a_value_with_quotes_restored_inside_arguments() -> None:
    text = read(r'{"name": "<PERSON_1>"}').replace("<PERSON_1>", escape('O"Neil\\\n'))
    assert json.loads(write(text)) == {"name": 'O"Neil\\\n'}
