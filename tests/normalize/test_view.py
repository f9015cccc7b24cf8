"""Views map back exactly: whatever was edited, nothing is cut and nothing is missed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.normalize import view as views
from threegate.normalize.view import edited, focused, raw, removed, reversed_, translated
from threegate.types import Span

TEXT = st.text(alphabet="abxyz123 你好", max_size=40)


def test_an_edited_piece_stands_for_the_whole_piece() -> None:
    view = edited(raw("a%41b"), "v", re.compile("%.."), lambda m: "A")
    assert view.text == "aAb"
    assert view.original(Span(1, 2)) == Span(1, 4)
    assert view.original(Span(0, 3)) == Span(0, 5)
    assert view.original(Span(2, 3)) == Span(4, 5)


def test_what_is_removed_belongs_to_nobody_at_the_edges_and_to_a_span_around_it() -> None:
    view = removed(raw("--a-b--"), "v", re.compile("-"))
    assert view.text == "ab"
    assert view.original(Span(0, 2)) == Span(2, 5)
    assert view.original(Span(1, 2)) == Span(4, 5)


def test_backwards_and_translated() -> None:
    assert reversed_(raw("abc"), "r").original(Span(0, 1)) == Span(2, 3)
    assert translated(raw("abc"), "t", {ord("a"): ord("z")}).text == "zbc"


def test_no_edit_is_the_same_view() -> None:
    view = raw("abc")
    assert removed(view, "v", re.compile("z")) is view
    assert translated(view, "v", {}) is view
    assert edited(view, "v", re.compile("a"), lambda m: None) is view


@given(TEXT, st.data())
def test_characters_that_no_edit_touches_map_to_themselves(text: str, data: st.DataObject) -> None:
    view = removed(raw(text), "v", re.compile("[xyz]+"))
    view = edited(view, "v", re.compile("[0-9]"), lambda m: f"<{m.group()}>")
    for i, char in enumerate(view.text):
        span = view.original(Span(i, i + 1))
        assert text[span.start : span.end] in (char, view.text[i - 1 : i], "1", "2", "3")
        assert span.end == span.start + 1
    if view.text:
        start = data.draw(st.integers(0, len(view.text) - 1))
        end = data.draw(st.integers(start + 1, len(view.text)))
        span = view.original(Span(start, end))
        again = view.original(Span(start, start + 1)), view.original(Span(end - 1, end))
        assert span == Span(again[0].start, again[1].end)


def test_a_long_view_is_cut_to_the_surroundings_of_its_edits() -> None:
    text = "plain words, " * 500 + "tel %31%33 ok, " + "plain words, " * 500
    escapes = re.compile("%(..)")
    view = edited(raw(text), "v", escapes, lambda m: chr(int(m[1], 16)))
    view = removed(view, "v", re.compile("ok"))
    assert view.source is not None
    assert view.source.source is not None
    cut = focused(view, view.source.source)
    assert len(cut.text) < 700
    assert "tel 13 , plain words" in cut.text
    at = cut.text.index("13")
    span = cut.original(Span(at, at + 2))
    assert text[span.start : span.end] == "%31%33"
    for i in range(len(cut.text)):
        span = cut.original(Span(i, i + 1))
        assert cut.text[i] in ("\n", "1", "3", text[span.start])


def test_a_short_view_and_one_edited_all_over_stay_whole() -> None:
    for source in (raw("a-b"), raw("a-" * 5000)):
        view = removed(source, "v", re.compile("-"))
        assert focused(view, source) is view


def test_boundaries_are_looked_for_only_where_edits_lie_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_for: list[int] = []
    boundary = views._boundary
    monkeypatch.setattr(
        views, "_boundary", lambda text, at, step: looked_for.append(at) or boundary(text, at, step)
    )
    everywhere = removed(raw("1\u200b" * views.LONG), "v", re.compile("\u200b"))
    assert focused(everywhere, raw("")) is everywhere
    assert len(looked_for) == 1
