from __future__ import annotations

import pytest
from threegate.detectors.registry import scanner
from threegate.detectors.views import mapped_back, viewed
from threegate.types import Channel, Layer, Level, Passage, TextLocation

LOCUS = TextLocation(Layer.INPUT, Channel.USER)
VALUES = scanner(frozenset({"pii", "secret"}))


def found(text: str) -> list[str]:
    passage = Passage(LOCUS, text)
    spans = [
        f.span
        for view in viewed(passage).views
        for f in mapped_back(
            view, VALUES.scan(Passage(LOCUS, view.text)).findings, Passage(LOCUS, text)
        )
        if f.level >= Level.MEDIUM
    ]
    return [text[s.start : s.end] for s in spans]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("hunter22 is my password for the box", ["hunter22"]),
        ("sunshine is my password.", ["sunshine"]),
        ("I set mountaineer as the password on both laptops.", ["mountaineer"]),
        ("'butterscotch' is the wifi password.", ["butterscotch"]),
        ("4827301956 is my checking account number", ["4827301956"]),
        ("533180274 is Ana's passport number", ["533180274"]),
        ("1103702318451 is my Thai ID", ["1103702318451"]),
        ("nihao2008bj 是我之前的邮箱密码，登不上", ["nihao2008bj"]),
        ("851207是门锁密码", ["851207"]),
        ("「tudouxiaojie」是路由器后台密码", ["tudouxiaojie"]),
        ("把 woaini 设为密码", ["woaini"]),
        ("mumu_0417（微信）", ["mumu_0417"]),
        ("1094728836 是我QQ", ["1094728836"]),
        ("0039281746 是我的病历号", ["0039281746"]),
    ],
)
def test_what_is_named_behind_itself_is_found(text: str, values: list[str]) -> None:
    assert found(text) == values


@pytest.mark.parametrize(
    "text",
    [
        "1Password is my password manager, this is my password",
        "Security is the password. use it as the password",
        "Python3 是 token 化工具，CVE-2021-44228（密码泄露）",
        "order 4471 is my account manager's, v2 is the token limit",
        "pin 17 is GND",
    ],
)
def test_what_is_no_name_says_nothing(text: str) -> None:
    assert found(text) == []
