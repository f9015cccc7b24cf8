"""Rows of a card."""

from __future__ import annotations

from threegate.console.presenters.cards import MOST_LINES, compared_rows


def test_what_one_side_has_alone_is_added_or_removed() -> None:
    old, new = {"a": ("A", "1"), "b": ("B", "2")}, {"a": ("A", "1"), "c": ("C", "3")}
    found = compared_rows(False, False, old, new)
    assert found["fate"] == "changed"
    shown = [(r["label"], r["before"], r["after"], r["changed"]) for r in found["rows"]]
    assert shown == [("A", "1", "1", False), ("C", "", "3", True), ("B", "2", "", True)]
    assert compared_rows(True, False, {}, new)["fate"] == "added"
    assert compared_rows(False, True, old, {})["fate"] == "removed"


def test_of_long_texts_only_the_lines_that_differ_are_shown() -> None:
    old, new = "one\ntwo\nthree\nfour", "one\ntwo\n3\nfour"
    (row,) = compared_rows(False, False, {"t": ("T", old)}, {"t": ("T", new)})["rows"]
    assert (row["before"], row["after"]) == ("…\nthree\n…", "…\n3\n…")


def test_lines_in_another_order_are_shown_as_they_are() -> None:
    (row,) = compared_rows(False, False, {"t": ("T", "a\nb")}, {"t": ("T", "b\na")})["rows"]
    assert (row["before"], row["after"]) == ("a\nb", "b\na")


def test_a_text_of_many_lines_is_cut_and_says_by_how_many() -> None:
    text = "\n".join(map(str, range(MOST_LINES + 5)))
    (row,) = compared_rows(True, False, {}, {"t": ("T", text)})["rows"]
    assert row["after"].split("\n")[-1] == "… (+5)"
    assert len(row["after"].split("\n")) == MOST_LINES + 1
