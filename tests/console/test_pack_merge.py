from __future__ import annotations

from pathlib import Path

import pytest
from threegate.console.pack_merge import MINE, THEIRS, merge, pieces

PACKS = sorted((Path(__file__).parents[2] / "policies" / "packs").glob("*.yaml"))
BASE = """\
# The shop
pack: shop
lists:
  code: {words: [a]}

rules:
  # first
  - id: one
    mode: shadow

  - id: two
    mode: shadow
"""
FILE = "packs/shop.yaml"


def edit(old: str, new: str, text: str = BASE) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize("path", PACKS, ids=lambda p: p.stem)
def test_the_pieces_are_the_file(path: Path) -> None:
    text = path.read_text("utf-8")
    assert "".join(pieces(path.name, text).values()) == text


def test_each_side_changes_its_own_rule() -> None:
    mine = edit("- id: one\n    mode: shadow", "- id: one\n    mode: enforce # why")
    theirs = edit("- id: two\n    mode: shadow", "- id: two\n    mode: off")
    made = merge(FILE, BASE, mine, theirs)
    assert made.text == edit("- id: two\n    mode: shadow", "- id: two\n    mode: off", mine)
    assert (made.conflicts, made.taken) == ((), ("rules/two",))


def test_both_add_a_rule_and_one_goes() -> None:
    new = "\n  - id: {0}\n    mode: off\n"
    mine = BASE + new.format("mine")
    theirs = edit("  # first\n  - id: one\n    mode: shadow\n", "", BASE) + new.format("theirs")
    made = merge(FILE, BASE, mine, theirs)
    assert made.conflicts == ()
    keys = list(pieces(FILE, made.text))
    assert {k for k in keys if k.startswith("rules/")} == {
        "rules/two",
        "rules/mine",
        "rules/theirs",
    }


def test_a_conflict_keeps_mine_until_somebody_chooses() -> None:
    mine, theirs = edit("words: [a]", "words: [b]"), edit("words: [a]", "words: [c]")
    made = merge(FILE, BASE, mine, theirs)
    (conflict,) = made.conflicts
    assert conflict.key == "lists/code"
    assert made.text == mine
    assert merge(FILE, BASE, mine, theirs, {conflict.key: THEIRS}).text == theirs
    assert merge(FILE, BASE, mine, theirs, {conflict.key: MINE}).text == mine


def test_words_of_a_list_merge_line_by_line() -> None:
    made = merge("lists/x.txt", "a\nb\n", "a\nb\nmine", "b\ntheirs\n")
    assert made.conflicts == ()
    assert sorted(made.text.split()) == ["b", "mine", "theirs"]


def test_ids_that_occur_twice_are_not_lost() -> None:
    twice = "rules:\n  - id: a\n    x: 1\n  - id: a\n    x: 2\n"
    assert list(pieces(FILE, twice)) == ["rules", "rules/a", "rules/a#2"]
    assert merge(FILE, twice, twice, twice).text == twice
