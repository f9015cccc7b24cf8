"""Placeholders are found whatever a model does to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.guard.masking import placeholders
from threegate.guard.masking.mask import MaskMap
from threegate.guard.masking.placeholders import PlaceholderFinder

from tests.guard.manglings import MANGLED, MANGLINGS, forms
from tests.guard.restoring import made, restored


def test_what_is_kept_between_calls_does_not_grow_with_the_sets_of_kinds_in_them() -> None:
    """A client chooses which values it sends together: hundreds of KiB were kept for each set."""
    caches = [f for f in vars(placeholders).values() if hasattr(f, "cache_info")]
    for cached in caches:
        cached.cache_clear()
    kinds = [f"pii.kind_{n}" for n in range(12)]
    for chosen in range(1, 2000, 7):
        masks = MaskMap(b"k" * 32)
        for n, kind in enumerate(kinds):
            if chosen >> n & 1:
                masks.mask(kind, "value")
        assert PlaceholderFinder(masks)
    assert len(caches) >= 3
    for cached in caches:
        size, bound = cached.cache_info().currsize, cached.cache_info().maxsize
        assert bound or size <= len(kinds), cached.__name__


@pytest.mark.parametrize("name", MANGLED)
def test_a_mangled_placeholder_comes_back(name: str) -> None:
    placeholder, restorer = made("VALUE")
    bare = placeholder.strip("[]")
    text = MANGLED[name].format(*forms(placeholder))
    assert "VALUE" in restored(restorer, f"see {text} there")
    assert bare not in restored(restorer, text).upper()


@pytest.mark.parametrize(
    "text",
    [
        "the router (LAN {2}) and the ticket",
        "乘车人李建国（证件号 {2}）；请核对",
        "(either {2} or none)",
        "Sofia Marino <{2}>, owner",
        "\\textbf{{{2}}} and \\href{{x}}{{{2}}}",
        "f'{{{2}}}'",
        "《{2}》、「{2}」",
        "[see {2}]",
        "[{2} and others]",
    ],
)
def test_brackets_of_the_text_itself_stay(text: str) -> None:
    """A model may leave out a placeholder's own; half a pair went with it."""
    placeholder, restorer = made("VALUE")
    written = text.format(*forms(placeholder))
    assert restored(restorer, written) == text.format(*["VALUE"] * 8)


def test_a_placeholder_that_ends_the_text_comes_back_and_half_of_one_does_not() -> None:
    placeholder, restorer = made("VALUE")
    for end in range(1, len(placeholder)):
        text = "see " + placeholder[:end]
        whole = end == len(placeholder) - 1  # a missing bracket alone
        assert restored(restorer, text) == ("see VALUE" if whole else text)
    assert restored(restorer, "see " + placeholder) == "see VALUE"


def test_words_that_only_look_alike_stay() -> None:
    placeholder, restorer = made()
    for text in ("[BANK_CARD_]", "bank card", "[EMAIL_ABCD]", placeholder[:-2] + "X]"):
        assert restored(restorer, text) == text


PLACEHOLDER, RESTORER = made("V")
atoms = st.sampled_from(
    [PLACEHOLDER, PLACEHOLDER[:5], "BANK", "_", "[", "]", " ", "x", "卡", "CARD"]
)


@given(st.lists(atoms, max_size=12).map("".join), st.lists(atoms, max_size=6).map("".join))
def test_text_before_open_from_is_decided(text: str, more: str) -> None:
    part, open_from = RESTORER.find(text, 0, final=False)
    whole, _ = RESTORER.find(text + more, 0, final=True)
    assert [r for r in whole if r.span.start < open_from] == part
    assert all(r.span.end <= open_from for r in part)


@pytest.mark.parametrize("synthetic", [False, True], ids=["placeholder", "made up"])
def test_99_of_100_manglings_are_undone(synthetic: bool) -> None:
    masks = MaskMap(b"k" * 32)
    values = {f"62220212345678{i:05}": "pii.bank_card" for i in range(60)}
    values |= {f"person{i}@corp.example": "pii.email" for i in range(60)}
    values |= {f"AKIA{i:04}QWERTYUIOPAS": "secret.aws" for i in range(60)}
    given = {v: masks.mask(k, v, synthetic=synthetic) for v, k in values.items()}
    restorer = PlaceholderFinder(masks)
    misses = []
    total = 0
    for value, placeholder in given.items():
        for name, form in MANGLINGS.items():
            text = f"see {form.format(*forms(placeholder))} there"
            total += 1
            if value not in restored(restorer, text):
                misses.append(name)
    assert len(misses) <= total / 100, sorted(set(misses))


def test_a_placeholder_is_found_among_very_many() -> None:
    """It is looked up, not compared with each: a text may bring any number of values."""
    masks = MaskMap(b"k" * 32)
    values = [f"138{n:08d}" for n in range(50_000)]
    made = [masks.mask("pii.cn.mobile", value) for value in values]
    found, _ = PlaceholderFinder(masks).find("，".join(made[::50]), 0, final=True)
    assert [p.masked.value for p in found] == values[::50]
