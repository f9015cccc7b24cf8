from __future__ import annotations

import pytest
from threegate.detectors.registry import scanner
from threegate.detectors.views import mapped_back, viewed
from threegate.normalize.idn_email import ascii_addresses
from threegate.normalize.view import raw
from threegate.types import Channel, Layer, Passage, TextLocation

LOCUS = TextLocation(Layer.INPUT, Channel.USER)
EMAIL = scanner(frozenset({"pii.email"}))


def found(text: str) -> list[str]:
    passage = Passage(LOCUS, text)
    spans = [
        f.span
        for view in viewed(passage).views
        for f in mapped_back(
            view, EMAIL.scan(Passage(LOCUS, view.text)).findings, Passage(LOCUS, text)
        )
    ]
    return [text[s.start : s.end] for s in spans]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("write to josé@exämple.de or müller@bücher.ch.", ["josé@exämple.de", "müller@bücher.ch"]),
        ("发票寄到邮箱caiwu@苏州澄湖.公司，谢谢", ["caiwu@苏州澄湖.公司"]),
        ("投递地址是 李娜@中文邮.中国谢谢", ["李娜@中文邮.中国"]),
        ("发到邮箱李娜@例子.公司", ["李娜@例子.公司"]),
        ("至josé@mail.例子.公司", ["josé@mail.例子.公司"]),
        ("иван@почта.рф", ["иван@почта.рф"]),
        ("info@中文.com.cn请查收", ["info@中文.com.cn"]),
    ],
)
def test_addresses_in_other_scripts(text: str, values: list[str]) -> None:
    assert found(text) == values


@pytest.mark.parametrize(
    "text",
    [
        "邮箱zhang.san@example.com索取样品",
        "微博@小鹿乱撞2333.发的，@人民日报.明天见",
        "用户名@域名，é@ü.nosuchsuffix1",
        "请联系我们公司的客户服务人员李娜@例子",
    ],
)
def test_what_is_no_such_address_stays(text: str) -> None:
    assert ascii_addresses(raw(text)).text == text
