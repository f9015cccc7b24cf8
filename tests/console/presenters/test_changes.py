"""No change of a policy is shown as YAML alone."""

from __future__ import annotations

from typing import Any

import pytest
from threegate.console.presenters.changes import compared
from threegate.policy.facade import Checked, check
from threegate.policy.language.load import DictTree

PACK = """\
pack: p
title: {zh: 甲, en: First}
version: '1'
lists:
  names: {words: [alpha, beta], match: word}
  filed: {file: lists/filed.txt}
detectors:
  ticket: {regex: 'TCK-[0-9]{6}', examples: {match: [TCK-123456], no_match: [TCK-1]}}
recognizers:
  - {name: badge, supported_entity: BADGE, patterns: [{name: b, regex: 'B-[0-9]{5}', score: 0.5}]}
knowledge:
  plans: {files: [knowledge/plans.md]}
rules:
  - id: p.one
    title: {zh: 一, en: One}
    owner: privacy
    why: [pipl.51]
    layer: input
    where: [user]
    detect: {any: [list.names, list.filed, pattern.ticket]}
    then: {answer: {use: calm}}
    tests:
      match: [{text: alpha}]
      no_match: [{text: gamma}]
  - id: p.bounds
    title: {zh: 二, en: Two}
    owner: platform
    why: [house.quality]
    layer: constraint
    then:
      clamp: {temperature: {max: 1}}
      constitution: {file: answers/told.md}
    tests:
      match: [{request: {temperature: 2}, becomes: {temperature: 1}}]
      no_match: [{request: {temperature: 0.5}}]
"""
FILES = {
    "packs/p.yaml": PACK,
    "lists/filed.txt": "# kept by legal\nzebra\ngnu\n",
    "knowledge/plans.md": "Plan A costs 3 euros.\n",
    "answers/calm.zh.md": "请冷静。\n",
    "answers/calm.en.md": "Calm down.\n",
    "answers/told.md": "Be kind.\n",
}


def _checked(files: dict[str, str], *packs: str) -> Checked:
    tree = DictTree({path: text.encode() for path, text in files.items()})
    return check(tree, packs or ("p",))


def _compared(old: str, new: str, path: str = "packs/p.yaml") -> dict[str, Any]:
    assert old in FILES[path]
    changed = FILES | {path: FILES[path].replace(old, new, 1)}
    return compared(_checked(FILES), _checked(changed), "en")


def _rows(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    cards = (*found["rules"], *found["parts"])
    rows = (row for card in cards for row in card["rows"] if row["changed"])
    return [(row["label"], row["before"], row["after"]) for row in rows]


EDITS = {
    "title: {zh: 甲, en: First}": ("title: {zh: 乙, en: Second}", "乙 / Second"),
    "version: '1'": ("version: '2'", "2"),
    "version: '1'\n": ("version: '1'\nlabel: text\n", "in the text"),
    "version: '1'\nlists": ("version: '1'\naudit: {level: full}\nlists", "full"),
    "lists:\n": ("pass_through: [/v1/files]\nlists:\n", "/v1/files"),
    "[alpha, beta]": ("[alpha, delta]", "delta"),
    "match: word}": ("match: sound}", "homophones"),
    "TCK-[0-9]{6}": ("TCK-[0-9]{6,7}", "TCK-[0-9]{6,7}"),
    "[0-9]{6}',": ("[0-9]{6}', level: low,", "low"),
    "no_match: [TCK-1]": ("no_match: [TCK-2]", "TCK-2"),
    "B-[0-9]{5}": ("B-[0-9]{4}", "B-[0-9]{4} (0.5)"),
    "score: 0.5": ("score: 0.9", "0.9"),
    "plans: {": ("offers: {", "knowledge/plans.md"),
    "owner: privacy": ("owner: legal", "legal"),
    "use: calm": ("use: other", "other"),
    "temperature: {max: 1}": ("temperature: {max: 1}, top_k: {drop: true}", "yes"),
    "{max: 1}": ("{min: 0.2, max: 0.8, default: 0.5}", "lower bound: 0.2; upper bound: 0.8"),
    "rules:\n": ("bindings:\n  - {pack: p, tenants: [hr]}\nrules:\n", "1. tenant hr → First"),
}


@pytest.mark.parametrize("old", EDITS)
def test_each_kind_of_change_is_a_row_before_and_after(old: str) -> None:
    new, shown = EDITS[old]
    found = _compared(old, new)
    assert any(shown in after for _, _, after in _rows(found)), found["parts"]
    assert (found["layout"], found["wordless"]) == ([], [])


@pytest.mark.parametrize(
    ("path", "old", "new", "shown"),
    [
        ("lists/filed.txt", "gnu", "yak", ("words added", "", "yak")),
        ("lists/filed.txt", "gnu", "yak", ("words removed", "gnu", "")),
        (
            "knowledge/plans.md",
            "3",
            "4",
            ("text", "Plan A costs 3 euros.", "Plan A costs 4 euros."),
        ),
        ("answers/calm.en.md", "Calm", "Cool", ("text", "Calm down.", "Cool down.")),
        ("answers/told.md", "kind", "brief", ("what the model is told", "Be kind.", "Be brief.")),
    ],
)
def test_the_text_of_each_file_is_a_row(path: str, old: str, new: str, shown: Any) -> None:
    found = _compared(old, new, path)
    assert shown in _rows(found)
    assert (found["layout"], found["wordless"]) == ([], [])


def test_a_test_that_differs_in_its_place_or_question_alone_is_shown() -> None:
    for more in ("channel: user", "question: Why?", "sources: [Here.]"):
        found = _compared("{text: alpha}", f"{{text: alpha, {more}}}")
        fates = [t["fate"] for card in found["rules"] for t in card["tests"]]
        assert fates.count("added") == (0 if more == "channel: user" else 1), more
        assert found["wordless"] == []


def test_comments_and_blanks_are_said_to_be_just_that() -> None:
    for path, old, new in (
        ("packs/p.yaml", "rules:\n", "\n# reviewed\nrules:\n"),
        ("lists/filed.txt", "# kept by legal", "# kept by security"),
        ("answers/calm.en.md", "down.\n", "down.\n\n"),
    ):
        found = _compared(old, new, path)
        assert (found["layout"], found["wordless"], _rows(found)) == ([path], [], [])


def test_what_no_card_is_about_is_never_passed_over() -> None:
    found = _compared("[alpha, beta]", "[beta, alpha]")
    assert (found["layout"], found["wordless"]) == ([], ["packs/p.yaml"])


def test_rules_in_another_order_and_in_another_pack() -> None:
    first, second = PACK.index("  - id: p.one"), PACK.index("  - id: p.bounds")
    swapped = PACK[:first] + PACK[second:] + PACK[first:second]
    found = compared(_checked(FILES), _checked(FILES | {"packs/p.yaml": swapped}), "en")
    assert _rows(found) == [("order of the rules", "One, Two", "Two, One")]

    moved = "pack: q\ntitle: {zh: 丙, en: Third}\nrules:\n" + PACK[second:]
    before = FILES | {"packs/q.yaml": "pack: q\ntitle: {zh: 丙, en: Third}\nrules: []\n"}
    after = FILES | {"packs/p.yaml": PACK[:second], "packs/q.yaml": moved}
    found = compared(_checked(before, "p", "q"), _checked(after, "p", "q"), "en")
    assert ("pack", "First (p)", "Third (q)") in _rows(found)
    assert [card["fate"] for card in found["rules"]] == ["changed"]


def test_a_rule_that_another_pack_replaces_is_compared_all_the_same() -> None:
    """Other calls still get it: it was looked up by its id, and the other definition found."""
    rule = PACK[PACK.index("  - id: p.bounds") :]
    own = (
        "pack: q\ntitle: {zh: 丙, en: Third}\nextends: [p]\nbindings: [{pack: q, tenants: [hr]}]\n"
    )
    both = FILES | {"packs/q.yaml": own + "rules:\n" + rule.replace("max: 1", "max: 0.5")}
    changed = both | {"packs/p.yaml": PACK.replace("max: 1", "max: 0.9")}
    found = compared(_checked(both, "q", "p"), _checked(changed, "q", "p"), "en")
    assert ("bounds of a parameter (temperature)", "upper bound: 1", "upper bound: 0.9") in _rows(
        found
    )


def test_packs_in_another_order_are_a_change() -> None:
    both = FILES | {"packs/q.yaml": "pack: q\ntitle: {zh: 丙, en: Third}\nrules: []\n"}
    found = compared(_checked(both, "p", "q"), _checked(both, "q", "p"), "en")
    assert (found["packs"]["order"], found["unchanged"]) == (["q", "p"], False)


def test_words_of_files_are_for_those_who_may_see_them() -> None:
    changed = FILES | {"lists/filed.txt": "zebra\nyak\nox\n"}
    found = compared(_checked(FILES), _checked(changed), "en", confidential=False)
    assert _rows(found) == [("number of words", "2", "3")]


def test_what_cannot_be_read_is_not_called_removed() -> None:
    """One misspelt key, and the draft said that the rule, its replies and at worst the whole pack
    were removed."""
    for old, new in (("owner: privacy", "owner: ["), ("owner: privacy", "ownerr: privacy")):
        found = _compared(old, new)
        fates = [each["fate"] for key in ("rules", "parts", "texts") for each in found[key]]
        assert "removed" not in fates
        assert (found["packs"]["off"], found["unchanged"]) == ([], False)
