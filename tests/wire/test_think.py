from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.wire.think import ThinkPartKind, ThinkSplitter, answer_of, halves, replace

from tests.wire.cuts import cut_at, every_single_cut, one_by_one

R, T, C = ThinkPartKind.REASONING, ThinkPartKind.TAG, ThinkPartKind.CONTENT

CASES = [
    ("", False, []),
    ("hello", False, [(C, "hello")]),
    ("<think>a</think>b", False, [(T, "<think>"), (R, "a"), (T, "</think>"), (C, "b")]),
    (" \n<think>\na", False, [(T, " \n<think>"), (R, "\na")]),
    ("<think></think>b", False, [(T, "<think></think>"), (C, "b")]),
    ("<thinking>b", False, [(C, "<thinking>b")]),
    ("  b <think>c</think>", False, [(T, "  "), (C, "b <think>c</think>")]),
    ("<thi", False, [(C, "<thi")]),
    ("a</think>b", False, [(C, "a</think>b")]),
    ("a</think>b", True, [(R, "a"), (T, "</think>"), (C, "b")]),
    ("<think>a</think>b", True, [(T, "<think>"), (R, "a"), (T, "</think>"), (C, "b")]),
    ("</think>b", True, [(T, "</think>"), (C, "b")]),
    ("a</thin", True, [(R, "a</thin")]),
    ("<thi", True, [(R, "<thi")]),
    ("a</</think>b</think>c", True, [(R, "a</"), (T, "</think>"), (C, "b</think>c")]),
    ("<THINK>a</Think>b", False, [(T, "<THINK>"), (R, "a"), (T, "</Think>"), (C, "b")]),
    ("\ufeff\u200b<think>a", False, [(T, "\ufeff\u200b<think>"), (R, "a")]),
    ("<thin\u212a>b", False, [(C, "<thin\u212a>b")]),  # a Kelvin sign
    (
        "<think>a</think>\n<think>b</think>c<think>d",
        False,
        [
            *((T, "<think>"), (R, "a"), (T, "</think>"), (C, "\n")),
            *((T, "<think>"), (R, "b"), (T, "</think>"), (C, "c<think>d")),
        ],
    ),
    ("a</think><think></think><thi", True, [(R, "a"), (T, "</think><think></think>"), (C, "<thi")]),
    ("</think> b", True, [(T, "</think>"), (C, " b")]),
]


def split(pieces: list[str], starts: bool) -> list[tuple[ThinkPartKind, str]]:
    """Parts of the whole, neighbours of one kind joined."""
    splitter = ThinkSplitter(starts_in_reasoning=starts)
    parts = [part for piece in pieces for part in splitter.feed(piece)] + splitter.close()
    out: list[tuple[ThinkPartKind, str]] = []
    for kind, text in parts:
        assert text
        if out and out[-1][0] is kind:
            out[-1] = (kind, out[-1][1] + text)
        else:
            out.append((kind, text))
    return out


@pytest.mark.parametrize(("text", "starts", "parts"), CASES)
def test_parts_are_the_same_for_every_cut(
    text: str, starts: bool, parts: list[tuple[ThinkPartKind, str]]
) -> None:
    for pieces in (one_by_one(text), *every_single_cut(text)):
        assert split(pieces, starts) == parts


TAGGED = st.lists(
    st.sampled_from(
        [
            "<think>",
            "</think>",
            "<THINK>",
            "</Think>",
            "\ufeff",
            "<",
            "</",
            "thi",
            ">",
            " ",
            "\n",
            "a",
            "你",
        ]
    ),
    max_size=12,
).map("".join)


@given(TAGGED, st.booleans(), st.lists(st.integers(0, 60)))
def test_any_cut_gives_the_same_parts_and_loses_nothing(
    text: str, starts: bool, marks: list[int]
) -> None:
    parts = split(cut_at(text, marks), starts)
    assert parts == split([text], starts)
    assert "".join(part for _, part in parts) == text


@given(TAGGED, st.booleans())
def test_the_halves_of_a_whole_are_those_of_a_stream(text: str, starts: bool) -> None:
    found, parts = halves(text, starts_in_reasoning=starts), split([text], starts)
    reasoning = "".join(part for kind, part in parts if kind is R)
    if found is None:
        assert not reasoning
    else:
        if [kind for kind, _ in parts].count(R) <= 1 and text.lower().count("<think>") <= 1:
            assert found.join() == text
        assert found.reasoning == reasoning
        assert found.answer == "".join(part for kind, part in parts if kind is C)


def test_done_says_when_everything_is_content() -> None:
    splitter = ThinkSplitter()
    splitter.feed("<think>a")
    assert not splitter.done
    splitter.feed("</think>\n")
    assert not splitter.done  # another block may follow
    splitter.feed("b")
    assert splitter.done


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("<think>a</think>b", "<think>X</think>Y"),
        ("a</think>b", "X</think>Y"),
        ("<think>a</think> <think>b</think>c", "<think>X</think>Y"),
    ],
)
def test_replace_keeps_the_tags(text: str, made: str) -> None:
    assert replace(replace(text, think="X"), answer="Y") == made


def test_answer_of() -> None:
    assert answer_of("<think>a</think>\n\nb") == "b"
    assert answer_of("no tags") == "no tags"
    assert answer_of("a</think>b") == "a</think>b"
    assert answer_of("a</think>b", starts_in_reasoning=True) == "b"
    assert answer_of("<think>never ends") == ""
    assert answer_of("<THINK>a</THINK> <think>b</think> c") == "c"
