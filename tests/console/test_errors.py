"""Refusals: each has a status and a text, and none is left over."""

from __future__ import annotations

from pathlib import Path

from threegate.console import errors
from threegate.console.errors import ERRORS, refusal
from threegate.i18n.catalog import listed

SOURCES = [p.read_text("utf-8") for p in Path(errors.__file__).parent.rglob("*.py")]
BY_KEY = {"mode", "level"}
"""Refused choices have the name of their field."""


def test_a_refusal_has_the_status_of_its_entry() -> None:
    assert (refusal("no-rule").status, refusal("no-rule").code) == (404, "no-rule")
    assert refusal("no-comment").status == 400


def test_details_are_in_the_language_of_the_text() -> None:
    text = refusal("draft-conflict", pieces=listed(["a", "b"])).text
    assert "a、b" in text.zh
    assert "a, b" in text.en


def test_every_entry_is_used() -> None:
    left = [c for c in ERRORS.keys() - BY_KEY if not any(f'"{c}"' in s for s in SOURCES)]
    assert left == []
