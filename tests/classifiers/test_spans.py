"""Well-formed spans from the probabilities of BIO tags."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate_classifiers.spans import Kinds, Token, spans, trim

LABELS = ("O", "B-PERSON", "I-PERSON", "B-ADDRESS", "I-ADDRESS")
KINDS = Kinds(("PERSON", "ADDRESS"), LABELS)


def sure(label: str, probability: float = 0.9) -> np.ndarray:
    """`label` with this probability, the rest shared."""
    values = np.full(len(LABELS), (1 - probability) / (len(LABELS) - 1))
    values[LABELS.index(label)] = probability
    return values


def mixed(**shares: float) -> np.ndarray:
    """`B_PERSON=0.5` …; what is left over is outside."""
    values = np.full(len(LABELS), 1e-6)
    for name, share in shares.items():
        values[LABELS.index(name.replace("_", "-"))] = share
    values[0] = 1 - values[1:].sum()
    return values


def pieces(text: str) -> list[tuple[int, int]]:
    """Words with the blanks before them, Chinese characters and marks alone."""
    found = re.finditer(r"\s*(?:[\u4e00-\u9fff]|[\w.@]+|\S)", text)
    return [m.span() for m in found]


def read(text: str, values: list[np.ndarray]) -> list[tuple[str, str]]:
    tokens: list[Token] = [(a, b, v) for (a, b), v in zip(pieces(text), values, strict=True)]
    return [(text[a:b], kind) for a, b, kind, _ in spans(tokens, KINDS, text)]


@pytest.mark.parametrize(
    ("text", "tags", "expected"),
    [
        ("Ada Byron ate", ["B-PERSON", "I-PERSON", "O"], [("Ada Byron", "PERSON")]),
        ("王明见李红", ["B-PERSON", "I-PERSON", "O", "B-PERSON", "I-PERSON"], [("王明", "PERSON"), ("李红", "PERSON")]),
        ("Ada Elm Row", ["B-PERSON", "B-ADDRESS", "I-ADDRESS"], [("Ada", "PERSON"), ("Elm Row", "ADDRESS")]),
        ("Bo", ["I-PERSON"], [("Bo", "PERSON")]),
        ("4 Elm Row\nAda", ["B-ADDRESS", "I-ADDRESS", "I-ADDRESS", "B-PERSON"], [("4 Elm Row", "ADDRESS"), ("Ada", "PERSON")]),
        ("Ada      Bo", ["B-PERSON", "B-PERSON"], [("Ada", "PERSON"), ("Bo", "PERSON")]),
        ("Ada\tBo", ["B-PERSON", "B-PERSON"], [("Ada", "PERSON"), ("Bo", "PERSON")]),
        ("4 Elm Row, please", ["B-ADDRESS", "I-ADDRESS", "I-ADDRESS", "I-ADDRESS", "O"], [("4 Elm Row", "ADDRESS")]),
    ],
)  # fmt: skip
def test_plain_tags(text: str, tags: list[str], expected: list[tuple[str, str]]) -> None:
    assert read(text, [sure(tag, 0.97) for tag in tags]) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["Ada", " ", "Byron"], [("Ada Byron", "PERSON")]),
        (["Ada", "\n", "Byron"], [("Ada", "PERSON"), ("Byron", "PERSON")]),
        (["Ada", "\t", "Byron"], [("Ada", "PERSON"), ("Byron", "PERSON")]),
    ],
)
def test_a_token_of_blanks_parts_nothing_but_lines_and_cells(
    words: list[str], expected: list[tuple[str, str]]
) -> None:
    ends = np.cumsum([len(word) for word in words])
    tags = zip(words, ends, ("B-PERSON", "O", "I-PERSON"), strict=True)
    tokens = [(int(end) - len(word), int(end), sure(tag, 0.9999)) for word, end, tag in tags]
    text = "".join(words)
    assert [(text[a:b], kind) for a, b, kind, _ in spans(tokens, KINDS, text)] == expected


@pytest.mark.parametrize(
    ("text", "tags", "expected"),
    [
        ("4 Elm Row YO42", ["B-ADDRESS", "I-ADDRESS", "I-ADDRESS", "B-ADDRESS"], [("4 Elm Row YO42", "ADDRESS")]),
        ("4 Elm Row  9 Oak", ["B-ADDRESS", "I-ADDRESS", "I-ADDRESS", "B-ADDRESS", "I-ADDRESS"], [("4 Elm Row", "ADDRESS"), ("9 Oak", "ADDRESS")]),
        ("Ada Bo", ["B-PERSON", "B-PERSON"], [("Ada", "PERSON"), ("Bo", "PERSON")]),
    ],
)  # fmt: skip
def test_sure_begin_parts_all_but_an_address(
    text: str, tags: list[str], expected: list[tuple[str, str]]
) -> None:
    assert read(text, [sure(tag, 0.9999) for tag in tags]) == expected


def test_half_sure_begin_does_not_cut_a_name() -> None:
    values = [mixed(B_PERSON=0.95), mixed(B_PERSON=0.55, I_PERSON=0.43), mixed(I_PERSON=0.9)]
    assert read("欧阳修", values) == [("欧阳修", "PERSON")]


def test_weak_middle_is_carried_by_its_neighbours() -> None:
    values = [mixed(B_PERSON=0.95), mixed(I_PERSON=0.4), mixed(I_PERSON=0.9)]
    assert read("欧阳修", values) == [("欧阳修", "PERSON")]


def test_lone_half_sure_token_stays_outside() -> None:
    assert read("欧阳修", [mixed(), mixed(I_PERSON=0.6), mixed()]) == []


def test_word_of_two_pieces_is_one_span_or_none() -> None:
    text = "Lovelace ran"
    tokens: list[Token] = [
        (0, 4, mixed(B_PERSON=0.9)),
        (4, 8, mixed(I_PERSON=0.3)),
        (8, 12, mixed()),
    ]
    assert [(text[a:b], k) for a, b, k, _ in spans(tokens, KINDS, text)] == [("Lovelace", "PERSON")]


def test_probability_is_the_mean_of_the_kind() -> None:
    tokens: list[Token] = [(0, 1, mixed(B_PERSON=0.9)), (1, 2, mixed(I_PERSON=0.7, B_PERSON=0.1))]
    ((_, _, _, probability),) = spans(tokens, KINDS, "王明")
    assert probability == pytest.approx(0.85)


def test_word_mark_before_a_chinese_character_says_nothing() -> None:
    tokens: list[Token] = [
        (0, 1, sure("O")),
        (0, 1, mixed(B_PERSON=0.9)),
        (1, 2, mixed(I_PERSON=0.9)),
    ]
    assert [(a, b) for a, b, *_ in spans(tokens, KINDS, "王明")] == [(0, 2)]


@pytest.mark.parametrize(
    ("text", "inner", "expected"),
    [
        (" Ada, ", (0, 6), "Ada"),
        ("Lovelace", (2, 5), "Lovelace"),
        ("a b", (1, 2), ""),
        ("12 Elm Sk.", (0, 10), "12 Elm Sk."),
    ],
)
def test_trim(text: str, inner: tuple[int, int], expected: str) -> None:
    start, end = trim(text, *inner)
    assert text[start:end] == expected


_texts = st.text(alphabet="Ab 王明,\n\t路9", min_size=1, max_size=20)


@given(_texts, st.data())
def test_spans_are_in_order_and_within_lines(text: str, data: st.DataObject) -> None:
    at = pieces(text)
    rows = data.draw(st.lists(st.sampled_from(LABELS), min_size=len(at), max_size=len(at)))
    tokens: list[Token] = [(a, b, sure(tag)) for (a, b), tag in zip(at, rows, strict=True)]
    found = [(a, b) for a, b, *_ in spans(tokens, KINDS, text)]
    assert all(a <= b and "\n" not in text[a:b] for a, b in found)
    assert all(left[1] <= right[0] for left, right in pairwise(found))
