"""Edits are found by halves: the same as looking at all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from threegate.guard.stream.edits import Edit, Edits
from threegate.types import Span

TEXT = "abcdefghijklmnopqrstuvwxyz"
SPANS = st.tuples(st.integers(0, 26), st.integers(0, 6)).map(
    lambda t: Span(t[0], min(26, t[0] + t[1]))
)
EDITS = st.lists(st.builds(Edit, SPANS, st.sampled_from(["", "<1>", "<2>"])), max_size=12)


def added(edits: list[Edit], edit: Edit) -> list[Edit]:
    """As it reads, with a look at all of them."""
    before = [e for e in edits if e.span.end <= edit.span.start]
    after = [e for e in edits if e.span.end > edit.span.start and e.span.start >= edit.span.end]
    for other in edits[len(before) : len(edits) - len(after)]:
        first = min(edit, other, key=lambda e: (e.span.start, -e.span.end, e.text))
        edit = Edit(Span(first.span.start, max(edit.span.end, other.span.end)), first.text)
    return [*before, edit, *after]


def rendered(edits: list[Edit], start: int, end: int) -> str:
    out, at = "", start
    for edit in edits:
        if edit.span.end > start and edit.span.start < end:
            out += TEXT[at : edit.span.start] + edit.text
            at = edit.span.end
    return out + TEXT[at:end]


@given(EDITS, st.integers(0, 26), st.integers(0, 26))
def test_edits_are_those_of_a_look_at_all(given_edits: list[Edit], start: int, end: int) -> None:
    edits, naive = Edits(), list[Edit]()
    for edit in given_edits:
        edits.add(edit)
        naive = added(naive, edit)
    inside = next((e.span.start for e in naive if e.span.start < end < e.span.end), end)
    assert edits.complete_before(end) == inside
    assert edits.render(TEXT, 0, start, max(start, end)) == rendered(naive, start, max(start, end))
    edits.forget(start)
    kept = [e for e in naive if e.span.end > start]
    assert edits.render(TEXT, 0, start, 26) == rendered(kept, start, 26)


def test_an_answer_of_nothing_but_values() -> None:
    """Twenty thousand, in either order: each with a look at all took minutes."""
    for order in (1, -1):
        edits = Edits()
        for at in range(20_000)[::order]:
            edits.add(Edit(Span(2 * at, 2 * at + 1), "x"))
        assert edits.render("ab" * 20_000, 0, 0, 40_000) == "xb" * 20_000


def test_edits_that_widen_into_one_another_are_one() -> None:
    edits = Edits()
    for start in (2, 4, 9):
        edits.add(Edit(Span(start, start + 1), f"<{start}>"))
    edits.widen(0, 8, lambda span: Span(1, 6))
    assert edits.render(TEXT, 0, 0, 12) == "a<2>ghi<9>kl"
