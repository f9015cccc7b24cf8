"""Values taken out of tool arguments: what is left is JSON, and what is no JSON stays as it came."""

from __future__ import annotations

import json

import pytest
from threegate.policy.model import CompiledPolicy
from threegate.types import Action, Bilingual

from tests.gateway.shell import hear, policy, rule, stream_of, suite

REDACT = policy(
    rule(
        "mobile",
        Action.REDACT,
        "pii.cn.mobile",
        replacement=Bilingual("[个人信息已删除]", "[personal data removed]"),
    )
)


async def arguments(text: str, size: int, rules: CompiledPolicy = REDACT) -> str:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    data = stream_of(["ok"], [], pieces)
    heard = await hear([data[at : at + 40] for at in range(0, len(data), 40)], rules, suite())
    return heard.arguments()


@pytest.mark.parametrize("size", [1, 4, 1000])
@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('{"mobile": 13912345678}', {"mobile": "[personal data removed]"}),
        ('{"mobile": [13912345678, 2]}', {"mobile": ["[personal data removed]", 2]}),
        ('{"mobile": "a 13912345678\\n"}', None),
        ('{"mobile": 13912345678.0}', {"mobile": "[personal data removed]"}),
        ('{"mobile": [-13912345678, -2.0]}', {"mobile": ["[personal data removed]", -2.0]}),
        ('{"mobile":-13912345678.0,"b":true}', {"mobile": "[personal data removed]", "b": True}),
    ],
)
async def test_redacted_arguments_are_json(text: str, left: object, size: int) -> None:
    made = json.loads(await arguments(text, size))
    assert "13912345678" not in json.dumps(made)
    assert left is None or made == left


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    "text", ["print('a\\nb')", '{"n": NaN}', "x = {\n'y': 1}", '{"a": "\\u4f60\\/"}']
)
async def test_arguments_without_a_finding_leave_as_they_came(text: str, size: int) -> None:
    assert await arguments(text, size) == text
