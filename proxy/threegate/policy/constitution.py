"""The sentences of a constitution, by which an answer that quotes it is recognised."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

HEAD_HAN, HEAD_LATIN = 16, 40
"""Characters: long enough never to occur by chance, short enough to hold back little of a
stream."""

_SENTENCE_END: Final = re.compile(r"[。！？；\n]|[.!?;](?:\s|$)")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")


def sentences_of(text: str) -> Iterator[tuple[str, str]]:
    """(beginning, whole) of each sentence that is long enough to be recognised."""
    for part in _SENTENCE_END.split(text):
        sentence = part.strip()
        length = HEAD_HAN if _HAN.search(sentence) else HEAD_LATIN
        if len(sentence) >= length:
            yield sentence[:length], sentence
