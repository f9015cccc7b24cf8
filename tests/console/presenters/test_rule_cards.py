"""Rules that differ, wherever they are and whatever of them differs."""

from __future__ import annotations

from threegate.console.presenters.changes import compared

from tests.console.presenters.changed_packs import (
    FILES,
    PACK,
    changed_rows,
    checked_files,
    compared_with,
)


def test_a_test_that_differs_in_its_place_or_question_alone_is_shown() -> None:
    for more in ("channel: user", "question: Why?", "sources: [Here.]"):
        found = compared_with("{text: alpha}", f"{{text: alpha, {more}}}")
        fates = [t["fate"] for card in found["rules"] for t in card["tests"]]
        assert fates.count("added") == (0 if more == "channel: user" else 1), more
        assert found["wordless"] == []


def test_rules_in_another_order_and_in_another_pack() -> None:
    first, second = PACK.index("  - id: p.one"), PACK.index("  - id: p.bounds")
    swapped = PACK[:first] + PACK[second:] + PACK[first:second]
    found = compared(checked_files(FILES), checked_files(FILES | {"packs/p.yaml": swapped}), "en")
    assert changed_rows(found) == [("order of the rules", "One, Two", "Two, One")]

    moved = "pack: q\ntitle: {zh: 丙, en: Third}\nrules:\n" + PACK[second:]
    before = FILES | {"packs/q.yaml": "pack: q\ntitle: {zh: 丙, en: Third}\nrules: []\n"}
    after = FILES | {"packs/p.yaml": PACK[:second], "packs/q.yaml": moved}
    found = compared(checked_files(before, "p", "q"), checked_files(after, "p", "q"), "en")
    assert ("pack", "First (p)", "Third (q)") in changed_rows(found)
    assert [card["fate"] for card in found["rules"]] == ["changed"]


def test_a_rule_that_another_pack_replaces_is_compared_all_the_same() -> None:
    """Other calls still get it: it was looked up by its id, and the other definition found."""
    rule = PACK[PACK.index("  - id: p.bounds") :]
    own = (
        "pack: q\ntitle: {zh: 丙, en: Third}\nextends: [p]\nbindings: [{pack: q, tenants: [hr]}]\n"
    )
    both = FILES | {"packs/q.yaml": own + "rules:\n" + rule.replace("max: 1", "max: 0.5")}
    changed = both | {"packs/p.yaml": PACK.replace("max: 1", "max: 0.9")}
    found = compared(checked_files(both, "q", "p"), checked_files(changed, "q", "p"), "en")
    assert (
        "bounds of a parameter (temperature)",
        "upper bound: 1",
        "upper bound: 0.9",
    ) in changed_rows(found)
