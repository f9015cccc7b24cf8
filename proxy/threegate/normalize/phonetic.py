"""How a text sounds: every Han character as its syllable without tone, Latin words as they are.

One reading a character (its first), so the same character always sounds the same and a homophone
is found; the other readings of a character are not tried.
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
    """`text` in lower-case letters, `|` where words cannot go on; a match counts only from an entry
    of `starts` to one of `ends` (position in `text` to position in the original)."""

    text: str = field(repr=False)
    starts: dict[int, int] = field(repr=False)
    ends: dict[int, int] = field(repr=False)


def sound(text: str) -> PhoneticText:
    out: list[str] = []
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    length, before = 0, ""
    for i, char in enumerate(text):
        heard = _heard(char)
        if not heard:
            before = ""
            continue
        if before != "latin" or not char.isascii():
            starts[length] = i
        else:
            ends.pop(length, None)
        before = "latin" if char.isascii() and char.isalpha() else "han"
        length += len(heard)
        ends[length] = i + 1
        out.append(heard)
    return PhoneticText("".join(out), starts, ends)


def _heard(char: str) -> str:
    if char.isascii():
        return char.lower() if char.isalpha() else "" if char.isspace() else "|"
    return _syllables().get(char, "|")


@cache
def _syllables() -> dict[str, str]:
    return {chr(code): _toneless(readings) for code, readings in _readings().items()}


def _readings() -> Mapping[int, str]:
    """pypinyin's table of single characters alone: the package would bring its 47,000 phrases,
    56 MB."""
    package = find_spec("pypinyin")
    if package is None or not package.origin:
        raise ModuleNotFoundError("pypinyin")
    table = runpy.run_path(str(Path(package.origin).with_name("pinyin_dict.py")))["pinyin_dict"]
    readings: Mapping[int, str] = table
    return readings


def _toneless(readings: str) -> str:
    apart = unicodedata.normalize("NFD", readings.split(",")[0].replace("ü", "v"))
    return "".join(c for c in apart if c.isascii() and c.isalpha())
