from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from threegate.detectors.base import LOOKBEHIND
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.folding import fold
from threegate.detectors.engine.prefilter import Prefilter
from threegate.detectors.registry import DETECTORS, scanner
from threegate.types import Channel, Finding, Layer, Level, Passage, TextLocation

from tests.cases import cases
from tests.detectors.strategies import texts

LOCUS = TextLocation(Layer.OUTPUT, Channel.CONTENT)
ALL = scanner()


def found(text: str, *, final: bool = True) -> tuple[tuple[Finding, ...], int]:
    scanned = ALL.scan(Passage(LOCUS, text), final=final)
    return scanned.findings, scanned.settled


@given(texts(), texts(3))
@cases(100)
def test_what_is_settled_never_changes(text: str, more: str) -> None:
    before, settled = found(text, final=False)
    after, _ = found(text + more)
    assert [f for f in after if f.span.start < settled] == [
        f for f in before if f.span.start < settled
    ]
    assert all(f.span.end <= settled for f in after if f.span.start < settled)


def test_an_address_whose_user_is_written_in_chinese_is_held_from_its_scheme_on() -> None:
    text = "REDIS_URL=redis://客户的名字"
    _, settled = found(text, final=False)
    assert settled <= text.index("redis:")
    (finding,), _ = found(text + ":vmKVKDbFg3t7@orders-db:6379")
    assert finding.span.start == text.index("redis:")


def test_values_that_touch_are_found_one_by_one() -> None:
    """The first used to run over the second, and a stream lost the third."""
    url = "redis://:vmKVKDbFg3t7@orders-db:6379/2"
    text = f"URL={url}URL={url}URL={url}"
    (first, second, third), _ = found(text)
    assert [text[f.span.start : f.span.end] for f in (first, second)] == [url[:-1], url[:-1]]
    assert text[third.span.start : third.span.end] == url
    for settled in (first.span.end, second.span.end):
        base = max(0, settled - LOOKBEHIND)
        again = [base + f.span.start for f in found(text[base:])[0]]
        assert [at for at in again if at >= settled] == [
            f.span.start for f in (second, third) if f.span.start >= settled
        ]
    (glued,), _ = found(f"{url}{url}")
    assert glued.span.end > len(url) + len("redis://:vmKVKDbFg3t7") - 1


@given(texts(), st.lists(st.integers(1, 40), min_size=1, max_size=40))
@example("张三 13612785034 行政部，李四 13612785035 行，王五 13612785036 条件", [1])
@example(
    "李雷13612785034江苏省南京市鼓楼区汉口路22号 saved to li@corp.cn.txt, kim@corp.tar.gz", [1]
)
@example(
    "手机 159  4590  9835，身份证 440106  19900101  1235 user_13612785034，密码Hello@2026！", [1]
)
@example("a 13612785034 records b 13612785035 recordsx c 13612785036 KiB d 13612785037 字节", [1])
@cases(100)
def test_a_stream_finds_what_the_whole_text_has(text: str, sizes: list[int]) -> None:
    """As the guard does it: each piece is scanned with `LOOKBEHIND` characters before what is settled."""
    streamed: list[tuple[str, int, int, Level]] = []
    settled = end = turn = 0
    while end < len(text):
        end = min(len(text), end + sizes[turn % len(sizes)])
        turn += 1
        base = max(0, settled - LOOKBEHIND)
        findings, open_at = found(text[base:end], final=end == len(text))
        reached = base + open_at
        streamed += [
            (f.kind, base + f.span.start, base + f.span.end, f.level)
            for f in findings
            if settled <= base + f.span.start < reached
        ]
        settled = max(settled, reached)
    whole, _ = found(text)
    assert streamed == [(f.kind, f.span.start, f.span.end, f.level) for f in whole]


@given(texts())
@cases(100)
def test_triggers_are_necessary(text: str) -> None:
    folded = fold(text)
    for recognizer in DETECTORS:
        if list(recognizer.find(ScanText(folded))):
            alone = scanner(frozenset(recognizer.info.kinds))
            triggered = alone._triggers.triggered(ScanText(folded))
            assert any(r is recognizer for r in triggered), recognizer.info.id


@pytest.mark.parametrize("end", range(1, 31))
def test_words_joined_by_apostrophes_are_held_together(end: int) -> None:
    text = "it's pat.o'brien@example.co.uk"
    _, settled = found(text[:end], final=False)
    assert settled <= len("it's ")


def test_a_trigger_that_counts_is_alone() -> None:
    """Together they would multiply: see `prefilter`."""
    counting = {r.trigger for r in DETECTORS if re.search(r"\{(?:\d+,)?\d{2,}\}", r.trigger)}
    made = Prefilter(DETECTORS)
    sizes = [len(group.members) for group in made._groups]
    assert len(counting) >= 2
    assert sizes.count(1) >= len(counting)


@given(texts())
@cases(100)
def test_findings_are_ordered_and_apart(text: str) -> None:
    findings, _ = found(text)
    ends = [0, *(f.span.end for f in findings)]
    assert all(end <= f.span.start < f.span.end for end, f in zip(ends, findings, strict=False))


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("今天的会议改到下午三点，大家辛苦了", 2),
        ("The quick brown fox jumps over the lazy", 4),
        ("我的手机号是138001", 6),
        ("卡号 6222 0212 34", 12),
        ("请看 https://example.com/a", 21),
    ],
)
def test_hold_is_tight(text: str, held: int) -> None:
    tight = scanner(frozenset({"pii.cn", "pii.bank_card", "pii.email", "pii.phone", "secret"}))
    settled = tight.scan(Passage(LOCUS, text), final=False).settled
    assert len(text) - settled <= held
