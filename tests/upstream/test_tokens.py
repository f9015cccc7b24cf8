"""Budgets in the model's own tokens; with the tokenizer of a classifier that is shipped here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from threegate.settings import UpstreamSettings
from threegate.settings.errors import SettingsError
from threegate.upstream import Upstreams
from threegate.upstream.tokens import ModelTokenizer, tokenizer_of
from threegate_classifiers.registry import SHIPPED as MODELS
from threegate_classifiers.registry import find

SHIPPED = str(find(MODELS, "guard").folder / "tokenizer.json")
OWN = UpstreamSettings("http://127.0.0.1:9", name="own", models=("deepseek-*",), tokenizer=SHIPPED)
ANY = replace(OWN, name="any", models=("qwen",), tokenizer="")


def test_tokens_are_counted_without_special_ones() -> None:
    tokenizer = ModelTokenizer(SHIPPED)
    assert tokenizer.count([]) == tokenizer.count([""]) == 0
    one, other = tokenizer.count(["The quick brown fox."]), tokenizer.count(["手机号码是多少？"])
    assert 4 <= one <= 20
    assert 3 <= other <= 12
    assert tokenizer.count(["The quick brown fox.", "手机号码是多少？"]) == one + other


async def test_a_text_exceeds_a_limit_by_its_tokens_not_its_characters() -> None:
    tokenizer = ModelTokenizer(SHIPPED)
    text = "information " * 50
    tokens = tokenizer.count([text])
    assert tokens < len(text) / 4  # an estimate by characters would say more
    assert not await tokenizer.exceeds([text], tokens)
    assert await tokenizer.exceeds([text], tokens - 1)


async def test_a_text_of_few_bytes_is_not_counted_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = ModelTokenizer(SHIPPED)
    monkeypatch.setattr(ModelTokenizer, "count", None)
    assert not await tokenizer.exceeds(["short", "文"], 8)


def test_a_file_that_is_none_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "tokenizer.json"
    bad.write_text("{}", "utf-8")
    with pytest.raises(SettingsError, match=r"tokenizer\.json"):
        ModelTokenizer(str(bad))
    assert tokenizer_of("") is None
    assert tokenizer_of(SHIPPED) is tokenizer_of(SHIPPED)


async def test_a_model_is_counted_with_the_tokenizer_of_who_serves_it() -> None:
    both = Upstreams((ANY, OWN), {})
    try:
        assert both.tokenizer("deepseek-r1") is tokenizer_of(SHIPPED)
        assert both.tokenizer("qwen") is None
    finally:
        await both.aclose()
