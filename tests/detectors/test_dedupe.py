"""One finding for one thing."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.dedupe import distinct
from threegate.types import Channel, Finding, Layer, Level, Span, TextLocation

LOCUS = TextLocation(Layer.INPUT, Channel.USER)


def finding(kind: str, start: int, end: int, level: Level = Level.HIGH, by: str = "d") -> Finding:
    return Finding(by, kind, Span(start, end), 0.9, level, LOCUS)


def test_the_longer_and_the_surer_of_one_kind_stays() -> None:
    short, name = finding("pii.person", 0, 1), finding("pii.person", 0, 2)
    unsure = finding("pii.person", 0, 5, Level.LOW)
    other = finding("pii.person", 7, 9)
    assert distinct([short, name, unsure, other]) == (name, other)


def test_some_number_gives_way_to_a_known_one() -> None:
    known, vague = finding("pii.cn.id_card", 3, 21), finding("pii.id_other", 3, 21)
    assert distinct([vague, known]) == (known,)
    assert distinct([vague]) == (vague,)
    doubtful = finding("pii.phone", 3, 14, Level.LOW)
    assert distinct([vague, doubtful]) == (vague, doubtful)


def test_pattern_and_model_see_an_address_together() -> None:
    pattern = finding("pii.address", 5, 12, by="address")
    model = finding("pii.address", 0, 9, Level.MEDIUM, by="entities")
    far = finding("pii.address", 20, 25, by="entities")
    assert distinct([pattern, model, far]) == (finding("pii.address", 0, 12, by="address"), far)
    unsure = finding("pii.address", 0, 9, Level.LOW, by="entities")
    assert distinct([pattern, unsure]) == (pattern,)
    other = finding("pii.person", 0, 9, by="entities")
    assert distinct([pattern, other]) == (pattern, other)


def test_different_kinds_and_other_families_all_stay() -> None:
    both = [finding("pii.address", 0, 9), finding("pii.person", 0, 2)]
    windows = [finding("hazard.fraud", 0, 90), finding("hazard.fraud", 40, 120)]
    assert distinct([*both, *windows]) == (*both, *windows)


spans = st.tuples(st.integers(0, 20), st.integers(1, 10))
kinds = st.sampled_from(["pii.person", "pii.id_other", "pii.email", "pii.address", "hazard.x"])
detectors = st.sampled_from(["d", "e"])
findings = st.lists(
    st.builds(
        lambda kind, span, level, by: finding(kind, span[0], span[0] + span[1], level, by),
        kinds,
        spans,
        st.sampled_from(Level),
        detectors,
    ),
    max_size=12,
)


@given(findings)
def test_it_is_done_once(some: list[Finding]) -> None:
    once = distinct(some)
    assert distinct(once) == once
    assert {f for f in once if f.kind != "pii.address"} <= set(some)


@given(
    st.lists(
        st.builds(
            lambda kind, start, length, level: finding(kind, start, start + length, level),
            st.sampled_from(["pii.a", "pii.b"]),
            st.integers(0, 40),
            st.integers(1, 8),
            st.sampled_from(Level),
        ),
        max_size=30,
    )
)
def test_what_stays_of_a_kind_does_not_overlap_and_covers_what_goes(found: list[Finding]) -> None:
    stays = distinct(found)
    for kind in {f.kind for f in stays}:
        spans = sorted(f.span for f in stays if f.kind == kind)
        assert all(a.end <= b.start for a, b in pairwise(spans))
    for gone in (f for f in found if f not in stays):
        assert any(f.span.start < gone.span.end and gone.span.start < f.span.end for f in stays)
