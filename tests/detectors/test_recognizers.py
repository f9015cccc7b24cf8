"""Every recognizer against its own examples, alone and inside other text."""

from __future__ import annotations

import pytest
from threegate.detectors.engine.recognizer import Recognizer
from threegate.detectors.registry import DETECTORS, catalogue, kinds, scanner
from threegate.types import Channel, Layer, Level, Passage, TextLocation

LOCUS = TextLocation(Layer.INPUT, Channel.USER)
ALL = scanner()


def values(text: str, recognizer: Recognizer) -> tuple[str, ...]:
    findings = ALL.scan(Passage(LOCUS, text)).findings
    return tuple(
        text[f.span.start : f.span.end]
        for f in findings
        if f.level >= Level.MEDIUM and f.kind in recognizer.info.kinds
    )


@pytest.mark.parametrize("recognizer", DETECTORS, ids=lambda r: r.info.id)
def test_examples_alone_and_between_chinese_sentences(recognizer: Recognizer) -> None:
    for example in recognizer.info.examples:
        among = f"今天天气很好。{example.text}\n大家都出门了。"
        assert values(example.text, recognizer) == example.values, example.text
        assert values(among, recognizer) == example.values, among


def test_every_recognizer_has_true_examples() -> None:
    for info in (recognizer.info for recognizer in DETECTORS):
        true = [e for e in info.examples if e.values]
        if info.id.startswith("secrets."):  # one shape each, some by prefix and length
            assert true, info.id
        else:
            assert len(true) >= 2, info.id
            assert len(true) < len(info.examples), f"{info.id}: no example of what it leaves alone"
        assert info.title.zh, info.id
        assert info.title.en, info.id


def test_ids_are_unique_and_the_catalogue_is_complete() -> None:
    ids = [d.id for d in catalogue()]
    assert len(ids) == len(set(ids)) == len(DETECTORS)
    assert {k for d in catalogue() for k in d.kinds} == set(kinds())


@pytest.mark.parametrize(
    "text",
    [
        "3.14159265358979323846 and 1998244353 or 2147483647",
        "python 3.13.0, torch==2.4.1+cu121, chromium 120.0.6099.291",
        "git revert 8f63fd13731361ad0f11cfddd27f5f68ae294981",
        "uuid 311d00aa-cf7a-4761-914a-6225725922be",
        "2025-02-11 04:00:01,118 INFO compaction: 48211 keys in 1872 ms, seq=000184467440737",
        "978-7-48646-469-4 and ISBN 9781562486167",
        "运单 1ZX659422155554572，发票号码24312000000187650021",
        "订单4711851210781365629，取件码8-3-4417，3号楼开会",
        "回执上显示卡号6222****0128、手机138****8000",
        "正则 ^[1-9]\\d{5}(18|19|20)\\d{2}$ 每一段是什么意思?",
        "面粉500克、水280毫升，2024年3月1日，GB/T 22239-2019",
    ],
)
def test_near_misses_are_not_medium(text: str) -> None:
    findings = ALL.scan(Passage(LOCUS, text)).findings
    assert [f.kind for f in findings if f.level >= Level.MEDIUM] == []


def test_selection_by_kind_and_prefix() -> None:
    passage = Passage(LOCUS, "手机13800138000，邮箱a.b@qq.com")
    assert {f.kind for f in scanner(frozenset({"pii.cn"})).scan(passage).findings} == {
        "pii.cn.mobile"
    }
    assert {f.kind for f in scanner(frozenset({"pii.email"})).scan(passage).findings} == {
        "pii.email"
    }
    assert scanner(frozenset({"hazard"})).info.kinds == ()
