"""Sentences of one text that are judged together, as blocks that fill a model's window.

One quiet reading of a block answers for all its sentences; only a block that is not quiet is read
sentence by sentence. A whole answer then costs a model about what its tokens cost, not that for
each sentence with all the text before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from threegate.types import Passage

BLOCK_BYTES = 400
"""About a hundred tokens: English letters are one byte, Chinese characters three."""

BEFORE_BYTES = 200
"""How much of the text before a block is read with it: both fit one window."""

GAP = 8
"""Code points of white space that sentences may have between them."""


def blocks(passages: Sequence[Passage]) -> list[list[Passage]]:
    """The passages in order, neighbours of one text together as far as a block reaches."""
    made: list[list[Passage]] = []
    size = 0
    for passage in passages:
        length = len(passage.text.encode())
        if made and size + length <= BLOCK_BYTES and _follows(made[-1][-1], passage):
            made[-1].append(passage)
            size += length
        else:
            made.append([passage])
            size = length
    return made


def joined(block: Sequence[Passage]) -> Passage:
    """A block as one passage; places in it mean nothing."""
    first = block[0]
    text = "".join(p.text for p in block)
    return replace(first, text=text, before=last(first.before, BEFORE_BYTES))


def last(text: str, size: int) -> str:
    """Its last `size` bytes, whole characters only."""
    return text.encode()[-size:].decode(errors="ignore")


def _follows(before: Passage, passage: Passage) -> bool:
    gap = passage.offset - before.offset - len(before.text)
    same = (before.locus, before.question, before.beside) == (
        passage.locus,
        passage.question,
        passage.beside,
    )
    return same and passage.offset > 0 and 0 <= gap <= GAP
