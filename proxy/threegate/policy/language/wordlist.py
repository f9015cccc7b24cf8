"""Imports a customer's own words into `lists/`: cleaned, counted, with everything doubtful reported
by row.

Words are confidential: reports give row numbers and counts, never a word.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from threegate.policy.lint.words import COMMON, shortest

MAX_WORD = 100
"""Code points; longer entries are sentences and would hold back that much of every stream."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Words in order of first appearance. The tuples hold row numbers, counted from 1."""

    words: tuple[str, ...] = field(repr=False)
    risks: Counter[str]
    repeated: tuple[int, ...] = ()
    short: tuple[int, ...] = ()
    common: tuple[int, ...] = ()
    long: tuple[int, ...] = ()

    @property
    def left_out(self) -> int:
        return sum(map(len, (self.repeated, self.short, self.common, self.long)))


def imported(rows: Iterable[Mapping[str, str]]) -> Imported:
    """Reads rows with `text` (or `word`) and optionally `risk`. Doubtful words are left out and
    reported."""
    kept: dict[str, str] = {}
    risks: Counter[str] = Counter()
    faults: dict[str, list[int]] = {"repeated": [], "short": [], "common": [], "long": []}
    for number, row in enumerate(rows, start=1):
        word = _clean(row.get("text") or row.get("word") or "")
        if not word:
            continue
        fault = _fault(word, kept)
        if fault:
            faults[fault].append(number)
            continue
        kept[word.casefold()] = word
        if risk := row.get("risk", "").strip():
            risks[risk] += 1
    return Imported(
        tuple(kept.values()), risks, **{name: tuple(numbers) for name, numbers in faults.items()}
    )


def _clean(word: str) -> str:
    """NFKC, on one line, without surrounding spaces and invisible characters: the form that
    matching uses."""
    plain = unicodedata.normalize("NFKC", word)
    visible = "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Cc"))
    return " ".join(visible.split()).lstrip("#").strip()


def _fault(word: str, kept: Mapping[str, str]) -> str:
    if word.casefold() in kept:
        return "repeated"
    if word.casefold() in COMMON:
        return "common"
    if len(word) < shortest(word):
        return "short"
    return "long" if len(word) > MAX_WORD else ""


def list_file(words: Iterable[str], source: str) -> str:
    """The text of a list file."""
    return "\n".join([f"# {source}", *words]) + "\n"
