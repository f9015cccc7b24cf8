"""Secrets for a celebration are told from those that a harmful request keeps."""

from __future__ import annotations

import pytest
from threegate.data_files import table
from threegate.detectors.models.celebrations import is_celebration, recorded
from threegate.types import Channel, Finding, Layer, Level, Span, TextLocation

EXAMPLES = table("detectors.models", "celebrations")
PARTY, PILLS = EXAMPLES["true"][0], EXAMPLES["false"][1]


@pytest.mark.parametrize("text", EXAMPLES["true"])
def test_a_celebration(text: str) -> None:
    assert is_celebration(text)


@pytest.mark.parametrize("text", EXAMPLES["false"])
def test_no_celebration(text: str) -> None:
    assert not is_celebration(text)


@pytest.mark.parametrize(
    ("text", "kind", "level"),
    [
        (PARTY, "hazard.child_safety", Level.MEDIUM),
        (PARTY, "hazard.violence", Level.HIGH),
        (PILLS, "hazard.child_safety", Level.HIGH),
    ],
)
def test_what_hides_a_celebration_is_recorded_and_does_not_stop(
    text: str, kind: str, level: Level
) -> None:
    at = TextLocation(Layer.INPUT, Channel.USER)
    finding = Finding("guard", kind, Span(0, 4), 0.93, Level.HIGH, at)
    assert [f.level for f in recorded(text, [finding])] == [level]
