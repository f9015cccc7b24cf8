"""Lists by sound: homophones and pinyin are found, other words are not, and streams agree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.base import LOOKBEHIND
from threegate.detectors.custom.phonetic_lists import PhoneticListDetector
from threegate.policy.model import WordList
from threegate.types import Channel, Layer, Passage, TextLocation

LOCUS = TextLocation(Layer.INPUT, Channel.USER)
LIST = PhoneticListDetector(WordList("w", "list.w", ("北极星计划", "毒品", "的"), "sound"))


def found(text: str) -> list[str]:
    return [text[f.span.start : f.span.end] for f in LIST.scan(Passage(LOCUS, text)).findings]


def test_homophones_and_pinyin() -> None:
    assert found("买独品吗") == ["独品"]
    assert found("买du品吗") == ["du品"]
    assert found("beijixing jihua 启动") == ["beijixing jihua"]
    assert found("杯急性计画") == ["杯急性计画"]


def test_the_middle_of_a_latin_word_and_a_short_sound_do_not_count() -> None:
    assert found("endupings") == []
    assert found("的得地") == []
    assert found("读，频") == []


@given(
    st.lists(
        st.sampled_from(["独品", "du", "pin", " ", "，", "a", "北极", "星计", "划"]), max_size=12
    ).map("".join),
    st.integers(0, 24),
)
def test_what_is_settled_stays(text: str, cut: int) -> None:
    head = LIST.scan(Passage(LOCUS, text[:cut]), final=False)
    whole = LIST.scan(Passage(LOCUS, text))
    settled = head.settled
    assert 0 <= settled <= len(text[:cut]) <= LOOKBEHIND
    assert [f.span for f in head.findings if f.span.start < settled] == [
        f.span for f in whole.findings if f.span.start < settled
    ]
