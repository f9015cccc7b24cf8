"""Which sentence a claim depends on: "It costs 8 euros." says nothing without the one before it.

A claim that opens with a word that points back is read together with the last sentence before it
that itself states something, or else with the question that it answers. Pure; a stream and a whole
answer give the same result.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from threegate.guard.segments import carries_claim, sentences

FAR = 600
"""Code points before a claim, or at the end of a question, that may contain what the claim refers
to."""

_OPENS = re.compile(
    r"""\W*(?:
      (?:it|its|it's|they|their|they're|them|this|that|these|those|he|his|she|her|both|neither|
         either|such|there|then|here|the\ (?:former|latter|same|first|second|other)|
         (?:after|before|besides|beyond|above|under|with|for|at|in)\ (?:that|this|it|them|these))\b
      |它|他|她|这|那|该|此|其|两者|二者|前者|后者|上述|同样|也|还|之后|随后|其中|到期后|届时
    )""",
    re.IGNORECASE | re.VERBOSE,
)


def lead_of(claim: str, before: str) -> str:
    """The sentence that `claim` refers back to; empty if it is self-contained."""
    return _last(claim, before, carries_claim)


_QUESTION = re.compile(r"[?？]\s*$")


def question_before(claim: str, question: str) -> str:
    """The last sentence of `question` that asks something, if the claim refers back to it."""
    return _last(claim, question, lambda sentence: _QUESTION.search(sentence) is not None)


def _last(claim: str, text: str, wanted: Callable[[str], bool]) -> str:
    """The last such sentence at the end of a text, for a claim that refers back."""
    if not _OPENS.match(claim):
        return ""
    end = text[-FAR:]
    found = [end[span.start : span.end].strip() for span in sentences(end)]
    return next(filter(wanted, reversed(found)), "")
