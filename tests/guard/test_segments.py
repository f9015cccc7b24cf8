"""Sentences: where they end in both languages, and that it never depends on what comes later."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.guard.segments import MAX_SENTENCE, carries_claim, sentences


def cut(text: str) -> list[str]:
    return [text[s.start : s.end] for s in sentences(text)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("今天下雨。明天晴！后天呢？", ["今天下雨。", "明天晴！", "后天呢？"]),
        ("他说：“好的。”然后走了。", ["他说：“好的。”", "然后走了。"]),
        ("It rains. It pours! Does it? Yes.", ["It rains.", " It pours!", " Does it?", " Yes."]),
        ("Dr. Smith paid 3.5 dollars. Fine.", ["Dr. Smith paid 3.5 dollars.", " Fine."]),
        ("Use e.g. this one. And that.", ["Use e.g. this one.", " And that."]),
        ("利率为1.75%，期限3年。", ["利率为1.75%，期限3年。"]),
        ("1. One\n2. Two\n", ["1. One\n", "2. Two\n"]),
        ("| a | b |\n| 1 | 2 |", ["| a | b |\n", "| 1 | 2 |"]),
        ("no end", ["no end"]),
        ("等等……然后。", ["等等……", "然后。"]),
    ],
)
def test_where_sentences_end(text: str, parts: list[str]) -> None:
    assert cut(text) == parts


def test_a_sentence_without_an_end_is_cut() -> None:
    assert [len(p) for p in cut("x" * 1000)] == [MAX_SENTENCE, MAX_SENTENCE, 200]


atoms = st.sampled_from(
    ["。", ".", " ", "\n", "”", "a", "B", "3", "中", "Dr", "e.g", "!", "x" * 150]
)
texts = st.lists(atoms, max_size=25).map("".join)


@given(texts, texts)
def test_what_was_a_sentence_stays_one(text: str, more: str) -> None:
    early = sentences(text, final=False)
    assert sentences(text + more, final=False)[: len(early)] == early
    assert sentences(text + more)[: len(early)] == early


@given(texts)
def test_sentences_cover_the_text(text: str) -> None:
    assert "".join(cut(text)) == text


@pytest.mark.parametrize(
    ("sentence", "claim"),
    [
        ("标准版每月收费一百元。", True),
        ("The warranty lasts two years.", True),
        ("还有什么可以帮您？", False),
        ("Sure, happy to help!", False),
        ("## Prices", False),
        ("费用如下：", False),
        ("- 年费为300元", True),
        ("Here are 3 facts with 20 % growth.", True),
        ("!!!", False),
        ("The information I have does not say whether we sell gift cards.", False),
        ("The opening hours on Sundays are not mentioned in the passages.", False),
        ("The passages do not mention a fee of 5 euros.", True),
        ("The warranty does not cover water damage.", True),
        ("I'll look at the file first.", False),
        ("Let me run the tests.", False),
        ("I will be paid monthly under this plan, says the sheet of 2026.", True),
        ("押金是否退还，合同摘要没有提到，建议查看合同原文。", False),
        ("至于伤亡人数，手头的资料没有说。", False),
        ("我来修改并运行测试。", False),
        ("现在为您退款。", False),
        ("保修不包括进水。", True),
        ("押金不退。", True),
        ("资料未提及。", False),
        ("保修两年，资料没有说能否延长。", True),
        ("It lasts two years, but the manual does not say from when.", True),
        ("The manual does not say from when.", False),
        ("The manual does not say from when, but repairs are always free.", True),
        ("The manual does not mention it; repairs are always free.", True),
        ("资料没有说明，但是您可以免费退换。", True),
        ("资料没有说明，建议您联系客服。", False),
        ("Let me confirm that your policy covers dental care.", True),
        ("I'll tell you what: dental care is covered.", True),
        ("I will refund you the whole price.", True),
        ("Let me look at the file and run the tests.", False),
        ("让我确认一下，您的保单包含牙科治疗。", True),
        ("我会为您全额退款。", True),
        ("我来看一下这个文件，请稍等。", False),
        ("我来查一下，马上给您结果", False),
        ("让我查一下订单，一会儿回复您。", False),
        ("我先核实一下，有结果了就通知您。", False),
        ("Let me check, I'll get back to you shortly.", False),
        ("I'll look into it, one moment please.", False),
        ("我来查一下，马上给您退还押金。", True),
        ("我来查一下，很快您的牙科治疗都会报销。", True),
        ("Let me check, I'll get back to you with your money.", True),
        ("我先查一下，稍后回复您，牙科治疗都能报销。", True),
    ],
)
def test_which_sentences_carry_a_claim(sentence: str, claim: bool) -> None:
    assert carries_claim(sentence) is claim
