"""Ids, names and other protocol words of an answer, and strings in place of numbers. They are not
text, but could hide a value, so they are checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from threegate.wire.known_fields import NUMBERS, PROVIDER_WORDS
from threegate.wire.slots import STRUCTURAL

_NAMES: Final = (STRUCTURAL | NUMBERS | {"provider"}) - {"signature", "encrypted_content"}
_OTHERS: Final = frozenset(("input", "arguments"))
"""What the model wrote for a tool: texts, whatever their fields are called."""
_PLAIN: Final = re.compile(r"[A-Za-z_./ \-]{0,64}")
MAX_WORD: Final = 256
"""Code points; a longer one is no word and is left out."""


def words_of(value: Any, name: str = "", *, known: bool = False) -> Iterator[tuple[Any, Any, str]]:
    """The place of each word, as (object or array, name or index, word), but for those of letters
    alone. `known`: within a field that providers fill with words."""
    for key, below in _items(value):
        field = key if isinstance(key, str) else name
        if isinstance(below, str):
            if (known or field in _NAMES) and not _PLAIN.fullmatch(below):
                yield value, key, below
        elif isinstance(below, dict | list) and field not in _OTHERS:
            yield from words_of(below, field, known=known or field in PROVIDER_WORDS)


def _items(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items()) if isinstance(value, dict) else list(enumerate(value))
