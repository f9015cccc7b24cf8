"""Strict YAML: what it refuses, where, and that no input gets it down."""

from __future__ import annotations

import tracemalloc

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from threegate.policy.language.nodes import (
    MAX_DEPTH,
    MAX_FILE_BYTES,
    Mapping,
    Node,
    Scalar,
    Sequence,
    read,
)


def found(text: str | bytes) -> list[tuple[str, int, int]]:
    content = text.encode() if isinstance(text, str) else text
    return [(p.code, p.at.line, p.at.column) for p in read(content, "x.yaml")[1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", ("duplicate-key", 2, 1)),
        ("a: 1\nb:\n  c: 1\n  c: 2\n", ("duplicate-key", 4, 3)),
        ("a: &x [1]\n", ("anchor", 1, 4)),
        ("a: *x\n", ("alias", 1, 4)),
        ("<<: {a: 1}\n", ("merge-key", 1, 1)),
        ("a: !!str 1\n", ("tag", 1, 4)),
        ("a: !!python/object:os.system x\n", ("tag", 1, 4)),
        ("no: 1\n", ("key-not-text", 1, 1)),
        ("1: 1\n", ("key-not-text", 1, 1)),
        ("? [a]\n: 1\n", ("key-not-text", 1, 3)),
        ("a: 1\n---\nb: 1\n", ("several-documents", 2, 1)),
        ("", ("empty-document", 1, 1)),
        ("# only a comment\n", ("empty-document", 1, 1)),
        ("a: [\n", ("yaml-syntax", 2, 1)),
        ("a: b: c\n", ("yaml-syntax", 1, 5)),
        (b"a: \xff\n", ("not-utf8", 1, 1)),
        (b"\xff\xfea\x00", ("not-utf8", 1, 1)),
        ("中文: &a x\n", ("anchor", 1, 5)),
    ],
)
def test_refused(text: str | bytes, expected: tuple[str, int, int]) -> None:
    assert expected in found(text)


def test_all_problems_at_once() -> None:
    text = "a: 1\na: 2\nb: &x 1\nc: *x\nd: !!int 1\n<<: {e: 1}\nyes: 1\n"
    assert len(found(text)) == 6


def test_byte_order_mark_and_windows_lines_are_fine() -> None:
    assert found(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n") == []


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_an_error_not_a_recursion(opening: str) -> None:
    assert found(opening * 20_000) != []


def test_depth_limit_is_exact() -> None:
    fits, deep = ("[" * n + "]" * n for n in (MAX_DEPTH, MAX_DEPTH + 1))
    assert found(fits) == []
    assert [code for code, _, _ in found(deep)] == ["too-deep"]


@pytest.mark.parametrize(
    "bomb",
    [
        b"x" * (50 << 20),
        b"a: [" + b"1," * (MAX_FILE_BYTES // 2 - 10) + b"1]",
        b"a: &a [1]\n" + b"".join(b"b%d: [*a, *a, *a]\n" % i for i in range(20_000)),
        b"a: '" + b"x" * (MAX_FILE_BYTES - 10) + b"'",
        b"k: v\n" * (MAX_FILE_BYTES // 5 - 1),
    ],
)
def test_bombs_cost_little_memory(bomb: bytes) -> None:
    tracemalloc.start()
    read(bomb, "x.yaml")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 << 20


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_never_raises(content: bytes) -> None:
    node, problems = read(content, "x.yaml")
    assert node is not None or problems


def plain(node: Node) -> object:
    match node:
        case Scalar():
            return node.value
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key: plain(value) for key, (_, value) in node.pairs.items()}


WORDS = st.text("abcdefgh中文", min_size=1, max_size=6)
TREES = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(WORDS, TREES, min_size=1, max_size=4))
def test_round_trip(value: object) -> None:
    text = yaml.safe_dump(value, allow_unicode=True)
    node, problems = read(text.encode(), "x.yaml")
    assert problems == []
    assert node is not None
    assert plain(node) == value
