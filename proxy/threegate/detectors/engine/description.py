"""What a recognizer is called and what it finds, from `recognizers.toml` in its folder.

An entry has the recognizer's id as its name; `zh` and `en`, its title; `rank`, which decides
between overlapping hits of equal level; `true`, texts with the exact values to find; `false`, texts
in which it finds nothing; `labels` and the like, the words near its values, with `|` between.
`plain`: it may find something in plain words (`plain_text_fast_path`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import open_match
from threegate.detectors.engine.labels import Labels, words
from threegate.detectors.engine.number_index import NUMBER
from threegate.detectors.engine.recognizer import Find, Recognizer, Tail
from threegate.types import Bilingual


def described(
    id: str,
    kinds: tuple[str, ...],
    find: Find,
    tails: tuple[Tail, ...] = (open_match.token,),
    trigger: str = NUMBER,
    pattern: str = "",
) -> Recognizer:
    """The recognizer that is described under this id. Raises KeyError without an entry."""
    rank, plain = _entries()[id]["rank"], _entries()[id].get("plain", False)
    return Recognizer(info_of(id, kinds), trigger, find, tails, rank, plain, pattern)


def info_of(id: str, kinds: tuple[str, ...]) -> DetectorInfo:
    """Of a recognizer or another pattern detector that is described under this id."""
    entry = _entries()[id]
    return DetectorInfo(id, kinds, Bilingual(entry["zh"], entry["en"]), examples_of(entry))


def labels(id: str, name: str = "labels") -> Labels:
    """The labels under this name of the recognizer that is described under this id."""
    return words(*"".join(_entries()[id][name]).split("|"))


def examples_of(
    entry: Mapping[str, Any], filled: Callable[[str], str] = str
) -> tuple[Example, ...]:
    """The examples under `true` and `false`, each text as `filled` returns it."""
    true = [
        Example(filled(each["text"]), tuple(map(filled, each["values"])))
        for each in entry.get("true", ())
    ]
    return (*true, *(Example(filled(text)) for text in entry.get("false", ())))


def ids() -> frozenset[str]:
    """Of everything that is described."""
    return frozenset(_entries())


@cache
def _entries() -> Mapping[str, Any]:
    """Of all packages: an id is used once."""
    found: dict[str, Any] = {}
    for file in sorted(Path(__file__).parents[1].rglob("recognizers.toml")):
        found |= tomllib.loads(file.read_text("utf-8"))
    return found
