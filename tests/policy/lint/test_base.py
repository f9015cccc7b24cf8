"""Texts of lints are data: every lint has its entry, every entry its lint."""

from __future__ import annotations

from threegate.i18n.catalog import catalog
from threegate.policy.lint import LINTS


def test_every_entry_is_a_lints_and_every_lint_has_its_texts() -> None:
    assert set(catalog("lints")) == {lint.code for lint in LINTS}
    for lint in LINTS:
        for text in (lint.title, lint.why, lint.fix):
            assert text.zh.strip()
            assert text.en.strip()
