from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.engine.folding import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("１３８ＡＢｚ＠．", "138ABz@."),
        ("电话是幺三八零零一三八零零零", "电话是13800138000"),
        ("138零零一三8000吗", "13800138000吗"),
        ("13800138000一直占线", "13800138000一直占线"),
        ("二〇二四年三月", "二〇二四年三月"),
        ("٣𝟏०", "310"),
        ("𝟏𝟖𝐗 𝚊𝚋@𝗰.𝘤𝘯 𝛼", "18X ab@c.cn 𝛼"),
        ("①②", "①②"),
        (r'"\n139 \tAKIA \nsk-4 \na.b@c"', '"\\\n139 \\\tAKIA \\\nsk-4 \\\na.b@c"'),
        ("\x1b[01;31m\x1b[K138\x1b[m", "\x1b[01;31\n\x1b[\n138\x1b[\n"),
        (r"\nrk.x_ \nmysql: \npm_1 \rubygems_1", "\\\nrk.x_ \\\nmysql: \\npm_1 \\rubygems_1"),
        (r"C:\new\tmp\readme", r"C:\new\tmp\readme"),
        ("（全角：标点，）", "（全角：标点，）"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text("０１九一二三四五六七八Ａ 1-，。中a", max_size=80))
def test_folding_keeps_every_place_and_is_idempotent(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)
