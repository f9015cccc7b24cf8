from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from threegate.console.presenters.highlights import (
    Highlight,
    carried,
    excerpt,
    marks_of,
    moved,
    pieces,
    placeholders,
)

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


VALUES = st.lists(
    st.tuples(st.text("ab[ 中", max_size=6), st.text("x1@", min_size=1, max_size=5)), max_size=5
)


@given(VALUES, st.text("ab 中", max_size=6))
def test_marks_are_carried_from_a_redacted_text_to_its_original(
    values: list[tuple[str, str]], rest: str
) -> None:
    redacted = "".join(f"{plain}[EMAIL_BCDF]" for plain, _ in values) + rest
    original = "".join(plain + value for plain, value in values) + rest
    found = carried(redacted, original, placeholders(redacted))
    assert found is not None
    assert len(found) == len(values)
    shown = [original[m.start : m.end] for m in found]
    assert "".join(shown) == "".join(value for _, value in values) or "" in (p for p, _ in values)


def test_no_mark_is_carried_to_another_text() -> None:
    assert carried("a [EMAIL_BCDF] b", "quite different", ()) is None


def test_an_excerpt_keeps_every_hit_and_what_stands_around_it() -> None:
    text = "x" * 900 + "HIT" + "y" * 900 + "HIT" + "z" * 900
    marks = [Highlight(at, at + 3, "list.word", "r", "flag") for at in (900, 1803)]
    cut = excerpt(pieces(text, marks), size=20)
    assert [p["text"] for p in cut if p["kind"]] == ["HIT", "HIT"]
    assert max(len(p["text"]) for p in cut) <= 43
    assert excerpt(pieces("plain" * 100, ()), size=20)[0]["text"] == ("plain" * 8) + " …"
