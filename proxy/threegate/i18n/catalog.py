"""Reads the bilingual tables of this folder: `<name>.toml`, each entry with `zh` and `en`.

An entry's text may have named fields in braces. Tests compare the fields of both languages and look
for entries that nothing uses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from threegate import data_files
from threegate.types import Bilingual


@cache
def catalog(name: str) -> Mapping[str, Any]:
    """The whole file as TOML gives it. Raises OSError or TOMLDecodeError."""
    return data_files.table("i18n", name)


def texts(name: str, table: str) -> Mapping[str, Bilingual]:
    """One table of a file, by code, in the order of the file."""
    return {code: bilingual(entry) for code, entry in catalog(name)[table].items()}


def patterns(name: str, table: str) -> Sequence[tuple[str, Bilingual]]:
    """An array of a file whose entries have a `pattern` (regular expression) each."""
    return [(entry["pattern"], bilingual(entry)) for entry in catalog(name)[table]]


def listed(names: Iterable[str]) -> Bilingual:
    """Names that are the same in both languages, one after another."""
    every = tuple(names)
    return Bilingual("、".join(every), ", ".join(every))


def bilingual(entry: Mapping[str, str]) -> Bilingual:
    return Bilingual(entry["zh"], entry["en"])
