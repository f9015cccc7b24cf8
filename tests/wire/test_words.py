"""What may hide in a word of the protocol."""

from __future__ import annotations

import pytest
from threegate.wire.words import hides_nothing


@pytest.mark.parametrize(
    ("key", "text", "nothing"),
    [
        ("role", "assistant", True),
        ("role", "AKIAQYLPMNVHHHFPZAMB", False),
        ("format", "uint32", True),
        ("media_type", "application/vnd.ms-excel", True),
        ("model", "gpt-4o-mini", True),
        ("model", "claude-sonnet-4-20250514", False),
        ("model", "call_Zr7Qm2xK9vB4nT6wY1cD8eFg", False),
        ("id", "call_Zr7Qm2xK9vB4nT6wY1cD8eFg", True),
        ("id", "toolu_01A09q90qw90lq917835lq9", True),
        ("id", "chatcmpl-tool-b3f2a9c4d8e14f7a9c0b1d2e3f405162", True),
        ("id", "call_0_c722bcac-6069-4738-b1f9-1563f1f4b856", True),
        ("id", "c722bcac-6069-4738-b1f9-1563f1f4b856-13912345678", False),
        ("id", "D681PevKs", True),
        ("id", "call_13912345678", False),
        ("id", "call_x13912345678", False),
        ("id", "call_AKIAQYLPMN5HHHFPZAM2", False),
        ("id", "sk_4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e", False),
        ("signature", "EqQBCkYIBRgCKkD4", True),
        ("signature", "sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e", False),
        ("signature", "EqQBCkYIBRgCKkD4" * 8, True),
    ],
)
def test_words(key: str, text: str, nothing: bool) -> None:
    assert hides_nothing(key, text) is nothing
