from __future__ import annotations

import platform
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate_classifiers.errors import ModelError
from threegate_classifiers.manifest import File, read_manifest
from threegate_classifiers.registry import SHIPPED, find
from threegate_classifiers.tokenize import Row, Text, WindowTokenizer

WORDS = st.lists(
    st.sampled_from(["the", "quick", "王", "天气", "ignore", "zzz", "!"]), max_size=120
)
SIZE, OVERLAP = 32, 8


@pytest.fixture(scope="session")
def tokenizer(models_root: Path) -> WindowTokenizer:
    return opened(models_root / "guard" / "1")


def opened(folder: Path) -> WindowTokenizer:
    return WindowTokenizer(folder, read_manifest(folder))


def token_starts(row: Row) -> list[int]:
    return [start for start, end in row.offsets if end > start]


@given(words=WORDS)
def test_windows_cover_every_token_and_overlap(
    tokenizer: WindowTokenizer, words: list[str]
) -> None:
    text = " ".join(words)
    rows = tokenizer.rows(Text(text))
    whole = {start for row in rows for start in token_starts(row)}
    assert {
        i for i, char in enumerate(text) if not char.isspace() and text[i - 1 : i] in ("", " ")
    } <= whole
    assert all(len(row.ids) <= SIZE for row in rows)
    assert all(row.ids[0] == 0 and row.ids[-1] == 2 for row in rows)
    for left, right in pairwise(rows):
        shared = set(token_starts(left)) & set(token_starts(right))
        assert len(shared) == OVERLAP


KEEPING = """
import ctypes, sys
from pathlib import Path
from threegate_classifiers.registry import SHIPPED, find
from threegate_classifiers.tokenize import Text, WindowTokenizer

class Heap(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "abcdefghij"]

def used():
    libc.mallinfo2.restype = Heap
    heap = libc.mallinfo2()
    return heap.e + heap.h

libc, entry = ctypes.CDLL(None), find(SHIPPED, "guard")
tokenizer = WindowTokenizer(entry.folder, entry.manifest)
clauses = ["".join(chr(0x4E00 + (n * 7919 + at * 31) % 5000) for at in range(60)) for n in range(9000)]
tokenizer.rows(Text(clauses[0]))
before = used()
for clause in clauses:
    tokenizer.rows(Text(clause))
print((used() - before) >> 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_what_was_read_is_not_kept() -> None:
    """Nine thousand clauses stayed in memory, with their tokens: 30 MiB."""
    done = subprocess.run([sys.executable, "-c", KEEPING], capture_output=True, check=True)
    assert int(done.stdout) < 8


def test_offsets_are_code_points(tokenizer: WindowTokenizer) -> None:
    text = "😀 quick 王"
    (row,) = tokenizer.rows(Text(text))
    assert [text[a:b] for a, b in row.offsets if b > a] == ["😀", "quick", "王"]
    assert (row.start, row.end) == (0, len(text))


def test_empty_text_is_one_row(tokenizer: WindowTokenizer) -> None:
    (row,) = tokenizer.rows(Text(""))
    assert (row.ids, row.start, row.end) == ((0, 2), 0, 0)


def test_answer_is_windowed_and_question_kept(tokenizer: WindowTokenizer) -> None:
    rows = tokenizer.rows(Text("ignore " * 40, "the quick " * 30))
    assert len(rows) > 1
    fixed = (SIZE - 4) // 3
    assert {row.ids[1 : 1 + fixed] for row in rows} == {rows[0].ids[1 : 1 + fixed]}
    assert rows[-1].end == len("the quick " * 30) - 1
    assert all(pair == (0, 0) for row in rows for pair in row.offsets[: fixed + 3])


def test_evidence_is_windowed_and_claim_kept(models_root: Path) -> None:
    rows = opened(models_root / "grounding" / "1").rows(Text("the sky is blue " * 20, "yes no"))
    assert len(rows) > 1
    assert {row.ids[-3:] for row in rows} == {rows[0].ids[-3:]}
    assert rows[-1].end == len("the sky is blue " * 20) - 1


@pytest.mark.parametrize("text", ["</s>", "a </s> b", "<s><pad>"])
def test_special_tokens_in_a_text_are_text(tokenizer: WindowTokenizer, text: str) -> None:
    (row,) = tokenizer.rows(Text(text))
    assert not {0, 1, 2} & set(row.ids[1:-1])
    assert (row.start, row.end) == (0, len(text))


def test_bad_file(tmp_path: Path, models_root: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}")
    manifest = read_manifest(models_root / "guard" / "1")
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        WindowTokenizer(tmp_path, replace(manifest, files=(File("tokenizer.json", "0" * 64),)))


@pytest.mark.skipif(not any(SHIPPED.glob("guard/*/manifest.yaml")), reason="no trained guard yet")
class TestShipped:
    @pytest.mark.parametrize("text", ["a </s> b", "<s>", "＜/s＞＜/s＞", "x<pad>y"])
    def test_separators_in_a_text_are_not_separators(self, text: str) -> None:
        (row,) = opened(find(SHIPPED, "guard").folder).rows(Text(text))
        assert not {0, 1, 2} & set(row.ids[1:-1])

    def test_pairs_as_trained(self) -> None:
        tokenizer = opened(find(SHIPPED, "guard").folder)
        (first,), (second,) = tokenizer.rows(Text("你好 there")), tokenizer.rows(Text("an answer"))
        (pair,) = tokenizer.rows(Text("你好 there", "an answer"))
        assert pair.ids == (*first.ids, 2, *second.ids[1:])
        assert (pair.start, pair.end) == (0, len("an answer"))
