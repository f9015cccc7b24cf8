"""Values that are written out, broken by markup or hidden, in requests and in whole answers."""

from __future__ import annotations

import base64

import pytest
from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.registry import scanner
from threegate.types import Channel, Layer, Level, Passage, TextLocation

KINDS = frozenset({"pii"})
SUITE = DetectorSet(lambda kinds: (scanner(kinds),))
ANSWER = TextLocation(Layer.OUTPUT, Channel.CONTENT)
FOUND = {
    "write to zhao.liu @ mail-host.org today": ("zhao.liu @ mail-host.org", "pii.email"),
    "it is zhao.liu at mail-host dot org": ("zhao.liu at mail-host dot org", "pii.email"),
    "邮箱zhaoliu艾特example点com": ("zhaoliu艾特example点com", "pii.email"),
    "电话 139<b>8765</b>4321": ("139<b>8765</b>4321", "pii.cn.mobile"),
    "<td>139</td><td>8765</td><td>4321</td>": ("139</td><td>8765</td><td>4321", "pii.cn.mobile"),
    "电话| 139 | 8765 | 4321 |": ("139 | 8765 | 4321", "pii.cn.mobile"),
    "手机 13,987,654,321": ("13,987,654,321", "pii.cn.mobile"),
    "手机号是一、三、九、八、七、六、五、四、三、二、一": (
        "一、三、九、八、七、六、五、四、三、二、一",
        "pii.cn.mobile",
    ),
    "打电话 1398765-\n4321": ("1398765-\n4321", "pii.cn.mobile"),
    "电话 139/* no */87654321": ("139/* no */87654321", "pii.cn.mobile"),
    "手机 ①③⑨⑧⑦⑥⑤④③②①": ("①③⑨⑧⑦⑥⑤④③②①", "pii.cn.mobile"),
    "手机 𝟏𝟑𝟗𝟖𝟕𝟔𝟓𝟒𝟑𝟐𝟏": ("𝟏𝟑𝟗𝟖𝟕𝟔𝟓𝟒𝟑𝟐𝟏", "pii.cn.mobile"),
    "手机 ١٣٩٨٧٦٥٤٣٢١": ("١٣٩٨٧٦٥٤٣٢١", "pii.cn.mobile"),
    "手机 1 3 9 8 7 6 5 4 3 2 1": ("1 3 9 8 7 6 5 4 3 2 1", "pii.cn.mobile"),
    "手机 139\u200b8765\u200b4321": ("139\u200b8765\u200b4321", "pii.cn.mobile"),
    "手机 &#49;&#51;&#57;87654321": ("&#49;&#51;&#57;87654321", "pii.cn.mobile"),
    f"看 {base64.b64encode('手机 13987654321'.encode()).decode()}": (
        base64.b64encode("手机 13987654321".encode()).decode(),
        "pii.cn.mobile",
    ),
}


@pytest.mark.parametrize("text", FOUND)
def test_a_disguised_value_is_found_in_a_whole_answer(text: str) -> None:
    scan = SUITE.patterns.scan_whole(Passage(ANSWER, text), KINDS)
    found = [
        (text[f.span.start : f.span.end], f.kind)
        for f in scan.findings
        if f.level >= Level.MEDIUM and f.kind == FOUND[text][1]
    ]
    assert found == [FOUND[text]]
    assert scan.settled == len(text)
    assert not scan.failures


@pytest.mark.parametrize(
    "text",
    [
        "meet me @ example.com tomorrow",
        "revenue was 13,987,654,321 dollars",
        "look at the dot in the middle",
        "一、二、三、四、五、六、七、八、九",
        "<td>2019</td><td>2020</td><td>2021</td>",
    ],
)
def test_ordinary_words_are_no_value(text: str) -> None:
    assert not SUITE.patterns.scan_whole(Passage(ANSWER, text), KINDS).findings
