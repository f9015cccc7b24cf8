"""Secret rules are data: every file loads, and every rule finds its true examples and no false one."""

from __future__ import annotations

from pathlib import Path

import pytest
from threegate.detectors.engine.context import ScanText
from threegate.detectors.secrets import rule_loader
from threegate.detectors.secrets.engine import SecretRule, recognizer
from threegate.detectors.secrets.rule_loader import FILES, load, load_all

RULES = load_all()


def values(rule: SecretRule, text: str) -> set[str]:
    hits = recognizer(rule).find(ScanText(text, final=True))
    return {text[hit.start : hit.end] for hit in hits}


@pytest.mark.parametrize("name", FILES)
def test_a_rule_finds_its_true_examples_and_no_false_one(name: str) -> None:
    for rule in load(name):
        assert any(example.values for example in rule.examples), rule.id
        for example in rule.examples:
            found = values(rule, example.text)  # of a pair, another rule may find the other half
            assert found <= set(example.values), rule.id
            assert bool(found) == bool(example.values), rule.id


def test_every_file_is_loaded_once() -> None:
    folder = Path(rule_loader.__file__).parent / "rules"
    assert sorted(path.stem for path in folder.glob("*.toml")) == sorted(FILES)
    assert len(RULES) == sum(len(load(name)) for name in FILES) > 300


def test_no_fragment_or_sample_is_left_unfilled() -> None:
    for rule in RULES:
        texts = (rule.pattern, rule.allow, *(example.text for example in rule.examples))
        assert not any("{{" in text and "}}" in text and "HEX" in text for text in texts), rule.id
        assert "{{" not in rule.pattern
