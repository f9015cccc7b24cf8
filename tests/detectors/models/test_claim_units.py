from __future__ import annotations

import pytest
from threegate.detectors.models.claim_units import units


@pytest.mark.parametrize(
    ("claim", "room", "parts"),
    [
        ("Ana sells plans. Ben buys one.", 40, ["Ana sells plans. Ben buys one."]),
        (
            "Ana sells plans. Ben buys one for Mr. Dow.",
            8,
            ["Ana sells plans.", "Ben buys one for Mr. Dow."],
        ),
        (
            "Ana sells plans. Ben buys. Cal waits for a better one.",
            9,
            ["Ana sells plans. Ben buys.", "Cal waits for a better one."],
        ),
        ("套餐每月八元。可用十台设备。", 8, ["套餐每月八元。", "可用十台设备。"]),
        (
            "When did it open? It opened in May. It closed in June.",
            11,
            ["When did it open? It opened in May.", "It closed in June."],
        ),
        ("It opened in May. Is that early?", 2, ["It opened in May. Is that early?"]),
        ("Is it open?", 2, ["Is it open?"]),
        ("", 2, [""]),
    ],
)
def test_parts_of_whole_sentences(claim: str, room: int, parts: list[str]) -> None:
    found = units(claim, room)
    assert "".join(claim[s.start : s.end] for s in found) == claim
    assert [claim[s.start : s.end].strip() for s in found] == parts
