from __future__ import annotations

import sys

import pytest
import re2
from threegate.normalize.re2_spans import char_spans, keep_utf8

TEXT = "hi E 中文 é"


@pytest.mark.parametrize("pattern", ["E?", r"\b", "中?", "E", "x*"])
def test_spans_are_those_of_the_engine_even_where_nothing_is_matched(pattern: str) -> None:
    """A pattern that can match nothing never ended."""
    compiled = re2.compile(pattern)
    found = [span for span in char_spans(compiled, TEXT, TEXT.encode()) if span[0] < span[1]]
    assert found == [m.span() for m in compiled.finditer(TEXT) if m.group()]


def test_the_utf8_of_a_text_is_kept_with_it() -> None:
    text = "".join(["中文 é"] * 100)
    size = sys.getsizeof(text)
    keep_utf8(text)
    data = text.encode()
    assert sys.getsizeof(text) >= size + len(data)
    assert data.decode() == text
