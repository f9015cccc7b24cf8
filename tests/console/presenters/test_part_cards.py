"""What else a pack is made of: the texts of its files."""

from __future__ import annotations

from typing import Any

import pytest
from threegate.console.presenters.changes import compared

from tests.console.presenters.changed_packs import FILES, changed_rows, checked_files, compared_with


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
    found = compared_with(old, new, path)
    assert shown in changed_rows(found)
    assert (found["layout"], found["wordless"]) == ([], [])


def test_words_of_files_are_for_those_who_may_see_them() -> None:
    changed = FILES | {"lists/filed.txt": "zebra\nyak\nox\n"}
    found = compared(checked_files(FILES), checked_files(changed), "en", confidential=False)
    assert changed_rows(found) == [("number of words", "2", "3")]
