"""No change of a policy is shown as YAML alone."""

from __future__ import annotations

import pytest
from threegate.console.presenters.changes import compared

from tests.console.presenters.changed_packs import FILES, changed_rows, checked_files, compared_with

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
    found = compared_with(old, new)
    assert any(shown in after for _, _, after in changed_rows(found)), found["parts"]
    assert (found["layout"], found["wordless"]) == ([], [])


def test_comments_and_blanks_are_said_to_be_just_that() -> None:
    for path, old, new in (
        ("packs/p.yaml", "rules:\n", "\n# reviewed\nrules:\n"),
        ("lists/filed.txt", "# kept by legal", "# kept by security"),
        ("answers/calm.en.md", "down.\n", "down.\n\n"),
    ):
        found = compared_with(old, new, path)
        assert (found["layout"], found["wordless"], changed_rows(found)) == ([path], [], [])


def test_what_no_card_is_about_is_never_passed_over() -> None:
    found = compared_with("[alpha, beta]", "[beta, alpha]")
    assert (found["layout"], found["wordless"]) == ([], ["packs/p.yaml"])


def test_packs_in_another_order_are_a_change() -> None:
    both = FILES | {"packs/q.yaml": "pack: q\ntitle: {zh: 丙, en: Third}\nrules: []\n"}
    found = compared(checked_files(both, "p", "q"), checked_files(both, "q", "p"), "en")
    assert (found["packs"]["order"], found["unchanged"]) == (["q", "p"], False)


def test_what_cannot_be_read_is_not_called_removed() -> None:
    """One misspelt key, and the draft said that the rule, its replies and at worst the whole pack
    were removed."""
    for old, new in (("owner: privacy", "owner: ["), ("owner: privacy", "ownerr: privacy")):
        found = compared_with(old, new)
        fates = [each["fate"] for key in ("rules", "parts", "texts") for each in found[key]]
        assert "removed" not in fates
        assert (found["packs"]["off"], found["unchanged"]) == ([], False)
