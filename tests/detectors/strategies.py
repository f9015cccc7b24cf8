"""Texts for the stability properties: examples whole and cut, prose of both languages, digits, punctuation."""

from __future__ import annotations

from hypothesis import strategies as st
from threegate.detectors.registry import DETECTORS

EXAMPLES = [e.text for r in DETECTORS for e in r.info.examples]
VALUES = [v for r in DETECTORS for e in r.info.examples for v in e.values]
PROSE = [
    "今天的会议改到下午三点，", "请问你们什么时候发货？", "我住在", "联系电话", "身份证号", "密码是", "密码", "卡号：", "订单号",
    "微信", "（QQ）", "京", "粤B", "地址：", "一二三四", "幺三八", "第3号楼", "朝阳区建国路", "The quick brown fox ", "call me at ",
    "password: ", "my ssn is ", "order no. ", "In 2024 ", "v1.2.3.4 ", "Flat 3, ", "88 Kings ", "token=", "https://u:", "-----BEGIN ",
    "\n", "\\n", "\\\\t", " ", "-", ".", ",", "，", "。", "（", ")", "@", "://", "+86", "0", "１２", "X",
]  # fmt: skip
LETTERS = "0123456789" * 3 + "aAbEXxZk- .:=@/+_\n，。号路室市京一二零()（）\u00a0\"'"


def pieces() -> st.SearchStrategy[str]:
    cut = st.builds(
        lambda s, a, b: s[min(a, b) : max(a, b)],
        st.sampled_from(EXAMPLES + VALUES),
        st.integers(0, 60),
        st.integers(0, 60),
    )
    return st.one_of(
        st.sampled_from(EXAMPLES),
        st.sampled_from(VALUES),
        st.sampled_from(PROSE),
        cut,
        st.text(LETTERS, max_size=12),
    )


def texts(max_pieces: int = 8) -> st.SearchStrategy[str]:
    return st.lists(pieces(), max_size=max_pieces).map("".join)
