"""A rule whose keys are long is spared a text without long tokens, and loses no key by that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.engine import token_runs
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.folding import fold
from threegate.detectors.registry import DETECTORS

from tests.detectors.strategies import texts

LONG = [r for r in DETECTORS if r.token]
KEYS = [example.text for r in LONG for example in r.info.examples if example.values]
CUT = st.builds(lambda text, at: text[at:], st.sampled_from(KEYS), st.integers(0, 40))


@pytest.mark.parametrize(
    ("pattern", "least"),
    [
        (r"(?:SK|AC)[0-9a-f]{32}", 32),
        (r"\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}", 82),
        (r"(?i)key[ :]{1,3}(?P<value>[A-Za-z0-9_\-]{24,})", 24),
        (r"[A-Z0-9]{5}(?:-[A-Z0-9]{5}){5}", 0),
        (r"x(?:[a-z]{20}|[a-z]{3})", 0),
        (r"(?:[a-z]{20}|[0-9]{16})y", 16),
        (r"[^ ]{40}", 0),
        (r"(?:[a-z]{20})?!", 0),
        (r"[\x{4e00}-\x{9fff}]{0,4}[0-9]{18}", 18),
    ],
)
def test_what_every_match_has(pattern: str, least: int) -> None:
    assert token_runs.least(pattern) == least


@pytest.mark.parametrize(
    ("text", "longest"),
    [
        ("short words alone", 15),
        ("钥匙abcdefghijklmnop和别的", 16),
        ("a key-0123456789abcdef0123 here", 24),
        ("ſ" * 17, 34),
        ("", 15),
    ],
)
def test_the_longest_token(text: str, longest: int) -> None:
    assert token_runs.longest(text.encode()) == longest


def test_most_rules_are_spared() -> None:
    assert len(LONG) > 250


@given(st.lists(st.one_of(texts(2), CUT), max_size=5).map("".join))
def test_a_rule_that_is_spared_finds_nothing(text: str) -> None:
    view = ScanText(fold(text))
    for recognizer in LONG:
        if recognizer.token > view.longest_token:
            assert list(recognizer.find(view)) == [], recognizer.info.id
