"""Every catalogue loads, speaks both languages and names the same fields in both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from threegate.i18n import catalog as module
from threegate.i18n.catalog import catalog

HAN = re.compile(r"[一-鿿]")
CHINESE = re.compile(r"[一-鿿，。：；、]")
NAMES = sorted(path.stem for path in Path(module.__file__).parent.glob("*.toml"))


def entries(name: str) -> Iterator[Mapping[str, Any]]:
    """All that have texts; a lint also has the name of a form's field (`field`), which is none."""
    for table in catalog(name).values():
        listed = table if isinstance(table, list) else table.values()
        yield from (entry for entry in listed if isinstance(entry, dict))


def fields(text: str) -> set[str]:
    """`zh`, `en` and their like hold a detail in the language of the text."""
    named = {field for _, field, _, _ in Formatter().parse(text) if field}
    return {re.sub("^(zh|en)(?=$|_)", "", field) for field in named}


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_are_there_with_the_same_fields(name: str) -> None:
    found = list(entries(name))
    assert found
    for entry in found:
        assert entry["en"].strip()
        assert not CHINESE.search(entry["en"]), entry
        words = re.sub(r"\{\w+\}", "", entry["zh"])
        assert HAN.search(words) or (entry["zh"].strip() and not re.search(r"\w", words)), entry
        if "pattern" not in entry:
            assert fields(entry["zh"]) == fields(entry["en"]), entry


def test_a_pattern_that_cannot_be_used_is_explained_by_example() -> None:
    """An editor read "look-around" and "环视", which only programmers know."""
    operator = catalog("vocabulary")["re2"]["invalid perl operator"]
    for entry in (operator, catalog("lints")["bad-pattern"]["why"]):
        for language in ("zh", "en"):
            assert "(?=…)" in entry[language]
            assert not re.search("look-around|环视", entry[language])
