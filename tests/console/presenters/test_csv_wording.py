from __future__ import annotations

import pytest
from threegate.audit.export.formats import FLAT
from threegate.console.views.audit_export import HEADS, TEXTS, wording_in


def test_every_column_has_a_heading() -> None:
    assert {*FLAT, TEXTS} == set(HEADS)


@pytest.mark.parametrize(
    ("language", "column", "value", "shown"),
    [
        ("zh", "action", "block", "拦截"),
        ("en", "stage", "aborted", "aborted"),
        ("zh", "stream", 1, "是"),
        ("zh", "kinds", "pii.email secret", "电子邮箱；密钥和口令"),
        ("zh", "tenant", "block", "block"),
    ],
)
def test_codes_are_words(language: str, column: str, value: str | int, shown: str) -> None:
    assert wording_in(language).code(column, value) == shown
