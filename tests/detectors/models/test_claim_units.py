from __future__ import annotations

import pytest
from threegate.detectors.models.claim_units import FAR, lead_of, question_before, units


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


PLAN = "The standard plan includes 200 GB."


@pytest.mark.parametrize(
    ("claim", "before", "lead"),
    [
        ("It costs 3 euros a month.", f"Happy to help. {PLAN} ", PLAN),
        ("They run on Linux.", f"{PLAN} Is that enough? ", PLAN),
        ("After that it costs 9 euros.", PLAN, PLAN),
        ("Items can be returned.", PLAN, ""),
        ("It costs 3 euros a month.", "", ""),
        ("It costs 3 euros a month.", "Sure. Of course! ", ""),
        ("它每月收费十五元。", "标准版提供200GB空间。", "标准版提供200GB空间。"),
        ("其中运费由买家承担。", "您好。七天内可以退货。", "七天内可以退货。"),
        ("专业版每月收费四十元。", "标准版提供200GB空间。", ""),
    ],
)
def test_a_claim_leans_on_the_last_claim_before_it(claim: str, before: str, lead: str) -> None:
    assert lead_of(claim, before) == lead


def test_only_what_is_near_is_looked_at() -> None:
    assert len(lead_of("It is so.", "The wall is white and " + "very " * 400 + "long. ")) <= FAR


@pytest.mark.parametrize(
    ("claim", "question", "asked"),
    [
        ("It costs 3 euros.", "Hi. What does the plan cost?", "What does the plan cost?"),
        ("It costs 3 euros.", "What does it cost? I use the plan.", "What does it cost?"),
        ("The plan costs 3 euros.", "What does the plan cost?", ""),
        ("It costs 3 euros.", "Tell me what the plan costs.", ""),
        ("它每月收费十五元。", "标准版多少钱？", "标准版多少钱？"),
    ],
)
def test_the_question_that_a_claim_answers(claim: str, question: str, asked: str) -> None:
    assert question_before(claim, question) == asked
