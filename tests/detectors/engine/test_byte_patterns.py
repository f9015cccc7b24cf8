"""What `re` finds in place of RE2 is the same."""

from __future__ import annotations

import re

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st
from threegate.detectors.engine import byte_patterns
from threegate.detectors.secrets.engine import SecretRule
from threegate.detectors.secrets.rule_loader import load_all

RULES = load_all()


def bare(rule: SecretRule) -> str:
    return re.sub(r"\(\?P<\w+>", "(?:", rule.pattern)


QUICK = [r for r in RULES if isinstance(byte_patterns.compiled(bare(r)), re.Pattern)]
PIECES = [e.text for r in QUICK for e in r.examples]
texts = st.lists(
    st.one_of(
        st.sampled_from(PIECES),
        st.builds(lambda t, n: t[:n], st.sampled_from(PIECES), st.integers(0, 40)),
        st.text("aZ09_-.+/= x\n，号\u017f\u212a", max_size=30),
    ),
    max_size=6,
).map("".join)


def test_many_rules_are_simple() -> None:
    assert len(QUICK) > 100


@pytest.mark.parametrize("rule", QUICK, ids=lambda r: r.id)
def test_own_examples_again_and_again(rule: SecretRule) -> None:
    text = " ".join(e.text for e in rule.examples).encode()
    for data in (text, text * 2, text.lower(), text[7:], text.replace(b"-", b"_")):
        assert spans(byte_patterns.compiled(bare(rule)), data) == spans(
            re2.compile(bare(rule)), data
        )


@given(texts, st.sampled_from(QUICK))
def test_any_text(text: str, rule: SecretRule) -> None:
    data = text.encode()
    assert spans(byte_patterns.compiled(bare(rule)), data) == spans(re2.compile(bare(rule)), data)


def spans(pattern: object, data: bytes) -> list[tuple[int, int]]:
    return [m.span() for m in pattern.finditer(data)]  # type: ignore[attr-defined]


@given(texts, st.sampled_from(RULES))
def test_the_spans_of_a_finder_are_those_of_re2(text: str, rule: SecretRule) -> None:
    data = text.encode()
    assert list(byte_patterns.finder(bare(rule))(data)) == spans(re2.compile(bare(rule)), data)


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_a_finder_finds_all_of_a_rules_examples(rule: SecretRule) -> None:
    data = " 字 ".join(e.text for e in rule.examples * 2).encode()
    assert list(byte_patterns.finder(bare(rule))(data)) == spans(re2.compile(bare(rule)), data)


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?i)abc[a-z]{4}",
        r"a[^b]{3}",
        r"ab\s[0-9]{4}",
        "a.{3}",
        "键[a-z]{3}",
        r"a[a-z]{0,99}[0-9]{0,99}",
        r"(?:a[a-z]{1,3}){2,9}",
        r"[a-z]+[0-9]+",
        r"^abc",
        r"a[a-z]*?b",
        r"a\p{Han}",
        r"a{,3}b",
    ],
)
def test_what_re_reads_otherwise_or_slowly_stays_with_re2(pattern: str) -> None:
    assert not isinstance(byte_patterns.compiled(pattern), re.Pattern)


def test_a_run_at_the_end_may_be_of_any_length() -> None:
    compiled = byte_patterns.compiled(r"ab-[0-9]{4,}")
    assert isinstance(compiled, re.Pattern)
    assert spans(compiled, b"ab-" + b"1" * 5000) == [(0, 5003)]
