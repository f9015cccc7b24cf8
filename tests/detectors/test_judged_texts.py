from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.judged_texts import JudgedTexts, Judgement
from threegate.types import Channel, Finding, Layer, Level, Span, TextLocation

LOCUS = TextLocation(Layer.INPUT, Channel.USER)
FOUND = Finding("x", "pii.x", Span(0, 1), 1.0, Level.HIGH, LOCUS)


def judged(findings: int) -> Judgement:
    return Judgement((FOUND,) * findings)


def test_findings_are_bounded_and_not_only_texts() -> None:
    kept = JudgedTexts(texts=100, findings=10, largest=10)
    for n in range(5):
        kept.put(bytes([n]), judged(4))
    assert [kept.get(bytes([n])) is not None for n in range(5)] == [False, False, False, True, True]


def test_the_least_recently_used_text_leaves() -> None:
    kept = JudgedTexts(texts=2, findings=10, largest=10)
    kept.put(b"a", judged(0))
    kept.put(b"b", judged(0))
    kept.get(b"a")
    kept.put(b"c", judged(0))
    assert [kept.get(key) is not None for key in (b"a", b"b", b"c")] == [True, False, True]


def test_a_text_full_of_findings_pushes_no_other_out() -> None:
    kept = JudgedTexts(texts=100, findings=10, largest=5)
    kept.put(b"a", judged(3))
    kept.put(b"dense", judged(6))
    assert kept.get(b"a") == judged(3)
    assert kept.get(b"dense") is None


puts = st.lists(st.tuples(st.binary(max_size=1), st.integers(0, 6), st.booleans()), max_size=60)


@given(puts)
def test_whatever_comes_both_bounds_hold(steps: list[tuple[bytes, int, bool]]) -> None:
    kept, keys = JudgedTexts(texts=5, findings=12, largest=6), set()
    for key, findings, leaves in steps:
        keys.add(key)
        if leaves:
            kept.pop(key)
        else:
            kept.put(key, judged(findings))
        held = [k for k in keys if k in kept._kept]
        assert len(held) <= 5
        assert sum(len(kept._kept[k].findings) for k in held) == kept._found <= 12
