"""The roles of people are those that the guide for compliance explains."""

from __future__ import annotations

import re
from pathlib import Path

from threegate.console.presenters.labels import BOOKS
from threegate.policy.lifecycle.people import Role

DOCS = Path(__file__).parents[3] / "docs"


def first_table(page: str) -> list[str]:
    """The first column of the first table, without its head."""
    rows = re.search(r"(?:^\|.*\n)+", (DOCS / page).read_text("utf-8"), re.MULTILINE)
    assert rows
    return [row.split("|")[1].strip() for row in rows[0].splitlines()[2:]]


def test_the_guide_says_what_each_role_may_do() -> None:
    assert first_table("guide-compliance.md") == [role.value for role in Role]
    words = [BOOKS["role"][role.value].zh for role in Role]
    assert first_table("guide-compliance.zh-CN.md") == words
