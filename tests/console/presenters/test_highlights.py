from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from threegate.console.presenters.highlights import Highlight, marks_of, moved, pieces, placeholders

TEXTS = st.text(max_size=60)
MARKS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20)).map(
        lambda p: Highlight(p[0], p[0] + p[1], "pii.email", "r", "flag")
    ),
    max_size=8,
)


@given(TEXTS, MARKS)
def test_nothing_of_the_text_is_lost(text: str, marks: list[Highlight]) -> None:
    assert "".join(p["text"] for p in pieces(text, marks)) == text


def test_marks_move_with_the_placeholders_before_them() -> None:
    original = "id 110101199003074477 and a@example.com now"
    redacted = "id [ID_CARD_KXWQ] and [EMAIL_BCDF] now"
    at = original.index("a@")
    marks = (
        Highlight(3, 21, "pii.cn.id_card", "r1", "mask"),
        Highlight(at, at + 13, "pii.email", "r2", "mask"),
        Highlight(original.index("now"), len(original), "list.word", "r3", "flag"),
    )
    found = [redacted[m.start : m.end] for m in moved(redacted, marks)]
    assert found == ["[ID_CARD_KXWQ]", "[EMAIL_BCDF]", "now"]


def test_where_a_placeholder_is_missing_nothing_more_is_coloured() -> None:
    marks = (Highlight(0, 4, "pii.email", "r", "mask"), Highlight(6, 9, "list.word", "r", "flag"))
    assert moved("gone, and more", marks) == ()


def test_shadow_hits_do_not_move_anything() -> None:
    marks = (
        Highlight(0, 3, "pii.person", "r", "mask", shadow=True),
        Highlight(4, 7, "list.word", "r", "flag"),
    )
    assert [m.start for m in moved("abc def", marks)] == [0, 4]


def test_marks_come_from_rulings_that_have_a_place() -> None:
    ruled = [
        {"rule": "a", "action": "mask", "kind": "pii.email", "span": [2, 5]},
        {"rule": "b", "action": "flag", "kind": "constraint.clamped", "span": [0, 0]},
        {"rule": "c", "action": "block", "failed": "timeout"},
    ]
    assert [m.rule for m in marks_of(ruled)] == ["a"]


def test_placeholders_are_found() -> None:
    assert [m.start for m in placeholders("x [PASSPORT_LHBP] y [EMAIL#0123456789ab]")] == [2, 20]
