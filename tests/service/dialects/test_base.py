"""The answers that `openapi.json` describes name what the program may answer."""

from __future__ import annotations

from threegate.service.check import CheckStage
from threegate.service.dialects.aliyun import LEVELS
from threegate.service.dialects.base import REQUESTS
from threegate.service.dialects.moderations import CATEGORIES
from threegate.service.dialects.registry import OPERATIONS
from threegate.types import Action, Channel, Level

ANSWERS = {
    operation.path: operation.answer["properties"]
    for operation in OPERATIONS
    if operation.answer["type"] == "object"
}


def test_the_actions_and_levels_of_a_finding() -> None:
    answer = ANSWERS["/v1/guard/check"]
    finding = answer["findings"]["items"]["properties"]
    assert answer["action"]["enum"] == finding["action"]["enum"] == [a.name.lower() for a in Action]
    assert finding["level"]["enum"] == [level.name.lower() for level in Level]


def test_the_channels_of_a_stream() -> None:
    channels = list(REQUESTS["guard_stream"].named["channel"].values)
    assert ANSWERS["/v1/guard/stream"]["channel"]["enum"] == channels
    assert channels == [Channel.CONTENT, Channel.REASONING, Channel.TOOL_ARGUMENTS]


def test_the_stages_and_channels_of_a_check() -> None:
    check = REQUESTS["guard_check"].named
    assert list(check["stage"].values) == list(CheckStage)
    assert check["channel"] == REQUESTS["guard_stream"].named["channel"]
    assert set(REQUESTS["moderations"].named["stage"].values) < set(CheckStage)


def test_the_words_of_other_apis() -> None:
    result = ANSWERS["/v1/moderations"]["results"]["items"]["properties"]
    assert (
        result["categories"]["required"]
        == result["category_scores"]["required"]
        == list(CATEGORIES)
    )
    assert ANSWERS["/"]["Data"]["properties"]["RiskLevel"]["enum"] == list(LEVELS)
