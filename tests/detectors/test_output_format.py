"""Links, code and language of an answer, from the detectors' own examples and as streams."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.base import PatternDetector
from threegate.detectors.output_format import (
    CodeDetector,
    LanguageDetector,
    LinkDetector,
    detectors,
)
from threegate.policy.model import CompiledPolicy, WordList
from threegate.types import Channel, Layer, Passage, TextLocation

LOCUS = TextLocation(Layer.OUTPUT, Channel.CONTENT)
ALL: tuple[PatternDetector, ...] = (LinkDetector(), CodeDetector())


def found(detector: PatternDetector, text: str) -> tuple[str, ...]:
    scanned = detector.scan(Passage(LOCUS, text))
    return tuple(text[f.span.start : f.span.end] for f in scanned.findings)


@pytest.mark.parametrize("detector", ALL)
def test_own_examples(detector: PatternDetector) -> None:
    assert detector.info.examples
    for example in detector.info.examples:
        assert found(detector, example.text) == example.values


def test_a_policy_lists_the_hosts_that_links_may_lead_to() -> None:
    hosts = WordList("allowed_hosts", "list.allowed_hosts", ("example.com",))
    links = detectors(CompiledPolicy("d", "p", lists=(hosts,)))[0]
    assert found(links, "https://example.com/a 和 https://docs.example.com/b") == ()
    assert found(links, "见https://example.com.evil.io/x。") == ("https://example.com.evil.io/x",)
    assert found(links, "http://example.com@evil.io/") == ("http://example.com@evil.io/",)


atoms = [
    "https://",
    "a.io",
    "/x",
    " ",
    "。",
    "rm",
    " -rf",
    " /",
    "\n",
    "curl x",
    " | sh",
    "eval",
    "(",
]
texts = st.lists(st.sampled_from([*atoms, "http", ":", "字"]), max_size=25).map("".join)


@pytest.mark.parametrize("detector", ALL)
@given(texts, texts)
def test_text_before_settled_is_decided(detector: PatternDetector, text: str, more: str) -> None:
    part = detector.scan(Passage(LOCUS, text), final=False)
    whole = detector.scan(Passage(LOCUS, text + more), final=True)
    early = [f for f in part.findings if f.span.start < part.settled]
    assert [f for f in whole.findings if f.span.start < part.settled] == early
    assert all(f.span.end <= part.settled for f in early)


@pytest.mark.parametrize(
    ("question", "answer", "flagged"),
    [
        ("今天天气怎么样？", "The weather today is sunny and warm.", True),
        ("What is the weather?", "今天天气晴朗，适合出门散步。", True),
        ("今天天气怎么样？", "今天天气晴朗，适合出门散步。", False),
        ("用Python怎么排序？", "sorted(x)", False),
        ("", "The weather today is sunny and warm.", False),
    ],
)
async def test_language(question: str, answer: str, flagged: bool) -> None:
    (judged,) = await LanguageDetector().judge([Passage(LOCUS, answer, question=question)])
    assert isinstance(judged, tuple)
    assert bool(judged) is flagged


@pytest.mark.parametrize(
    ("text", "links"),
    [
        (f"see https://a.example/{'x' * 1200} now", (f"https://a.example/{'x' * 988}",)),
        ("见http://a.example/，或FTP:b", ("http://a.example/", "FTP:b")),
        ("https: and data:", ()),
        ("http:file:x http:y", ("http:file:x", "http:y")),
    ],
)
def test_a_link_goes_on_to_a_blank_or_a_thousand_characters(
    text: str, links: tuple[str, ...]
) -> None:
    assert found(LinkDetector(), text) == links


@pytest.mark.parametrize("detector", ALL)
def test_an_ordinary_text_with_links_fits_in_the_memory_of_re2(
    detector: PatternDetector, capfd: pytest.CaptureFixture[str]
) -> None:
    found(detector, " ".join(f"number {n}: https://a.example/{n}?q={n}é" for n in range(40)))
    assert "out of memory" not in capfd.readouterr().err
