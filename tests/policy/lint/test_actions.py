"""Lints of actions, here of second opinions: which are fine, and that confirming replaces a narrower level."""

from __future__ import annotations

import pytest

from tests.policy.packs import codes, spoiled

DEEP = ("stream: cut", "stream: cut\n    level: low")
ASKING = "stream: cut\n    level: low\n    second_opinion: {ask: judge.qwen%s}"


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ("", set()),
        (", levels: [medium]", {"low-block"}),
        (", on_timeout: allow", {"weak-on-error"}),
        (", on_error: flag", set()),
        (", levels: []", {"second-opinion-idle", "low-block"}),
    ],
)
def test_a_broad_level_is_fine_where_a_judge_confirms_it(more: str, found: set[str]) -> None:
    assert codes(spoiled(DEEP)) == {"low-block"}
    assert codes(spoiled(("stream: cut", ASKING % more))) == found
