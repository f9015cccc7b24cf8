"""Groups the sentences of one text into blocks that fill a model's window and are judged together.

If a block, read with a little of the question and the text before it, scores near no level, all its
sentences pass; otherwise it is read sentence by sentence. So an answer costs about one and a half
times its tokens, instead of every sentence with all the text before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from threegate.guard.segments import sentences
from threegate.types import Passage

BLOCK_BYTES = 400
"""About a hundred tokens: English letters are one byte, Chinese characters three."""

OPENING_BYTES = 130
"""The same at the beginning of a text, whose first words show whether an answer does what was
asked; among much other text they would carry little weight."""

QUESTION_BYTES, BEFORE_BYTES, NEARBY_BYTES = 100, 110, 60
"""How much of the question and of the text before a block is read with it, and how much of that is
taken by texts nearby; all of it fits one window."""

SENTENCE_BYTES = 300
"""How much of the sentence before a step is read with the step."""

GAP = 8
"""Code points of white space that may stand between sentences."""


def blocks(passages: Sequence[Passage]) -> list[list[Passage]]:
    """The passages in order, grouped: neighbours in one text together, as far as a block
    reaches."""
    made: list[list[Passage]] = []
    size = 0
    for passage in passages:
        length = len(passage.text.encode())
        room = OPENING_BYTES if made and made[-1][0].offset == 0 else BLOCK_BYTES
        if made and size + length <= room and _follows(made[-1][-1], passage):
            made[-1].append(passage)
            size += length
        else:
            made.append([passage])
            size = length
    return made


def gist(block: Sequence[Passage]) -> tuple[str, str]:
    """(question, answer) to read once for all sentences of a block. The answer begins with the
    texts nearby and the text before the block."""
    start, text = block[0], "".join(p.text for p in block)
    before = last(start.before, BEFORE_BYTES)
    if start.nearby:
        nearby = last(start.nearby, NEARBY_BYTES)
        before = f"{nearby}\n{last(before, BEFORE_BYTES - NEARBY_BYTES)}"
    return first(start.question, QUESTION_BYTES), before + text


def sentences_so_far(step: Passage) -> list[str]:
    """The sentences that a step of a growing text continues, each from its beginning."""
    before = last(step.before, SENTENCE_BYTES)
    text = before + step.text
    return [text[s.start : s.end] for s in sentences(text) if s.end > len(before)]


def first(text: str, size: int) -> str:
    """Its first `size` bytes, whole characters only."""
    return text.encode()[:size].decode(errors="ignore")


def last(text: str, size: int) -> str:
    """Its last `size` bytes, whole characters only."""
    return text.encode()[-size:].decode(errors="ignore")


def _follows(before: Passage, passage: Passage) -> bool:
    gap = passage.offset - before.offset - len(before.text)
    same = (before.locus, before.question, before.nearby) == (
        passage.locus,
        passage.question,
        passage.nearby,
    )
    return same and passage.offset > 0 and 0 <= gap <= GAP
