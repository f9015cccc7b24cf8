"""The phonetic form of a text: every Han character as its Pinyin syllable without tone, Latin words
unchanged.

Only the first reading of a character is used, so a character always has the same form and
homophones are found; other readings are not tried.
"""

from __future__ import annotations

import runpy
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True, slots=True)
class PhoneticText:
    """`text` in lower-case letters, `|` marks where a word cannot continue; a match counts only
    from an entry of `starts` to one of `ends` (both map positions in `text` to positions in the
    original)."""

    text: str = field(repr=False)
    starts: dict[int, int] = field(repr=False)
    ends: dict[int, int] = field(repr=False)


def phonetic(text: str) -> PhoneticText:
    out: list[str] = []
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    length, before = 0, ""
    for i, char in enumerate(text):
        syllable = _syllable(char)
        if not syllable:
            before = ""
            continue
        if before != "latin" or not char.isascii():
            starts[length] = i
        else:
            ends.pop(length, None)
        before = "latin" if char.isascii() and char.isalpha() else "han"
        length += len(syllable)
        ends[length] = i + 1
        out.append(syllable)
    return PhoneticText("".join(out), starts, ends)


def _syllable(char: str) -> str:
    if char.isascii():
        return char.lower() if char.isalpha() else "" if char.isspace() else "|"
    return _syllables().get(char, "|")


@cache
def _syllables() -> dict[str, str]:
    return {chr(code): _toneless(readings) for code, readings in _readings().items()}


def _readings() -> Mapping[int, str]:
    """pypinyin's table of single characters. Importing the package would also load its 47,000
    phrases, 56 MB."""
    package = find_spec("pypinyin")
    if package is None or not package.origin:
        raise ModuleNotFoundError("pypinyin")
    table = runpy.run_path(str(Path(package.origin).with_name("pinyin_dict.py")))["pinyin_dict"]
    readings: Mapping[int, str] = table
    return readings


def _toneless(readings: str) -> str:
    apart = unicodedata.normalize("NFD", readings.split(",")[0].replace("ü", "v"))
    return "".join(c for c in apart if c.isascii() and c.isalpha())
