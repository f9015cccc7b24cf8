"""The part of an answer that is judged as one claim: which sentence it depends on, and its parts
where it is longer than the model reads. Pure; a stream and a whole answer give the same result.

The model reads some eighty tokens of a claim; the rest of a long summary would go unread. A
sentence that states nothing (a question, a greeting) stays with the one after it: "When did it
open? In May." is one statement. Shorter claims stay whole, because context helps the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from threegate.detectors.models.evidence import tokens
from threegate.guard.segments import carries_claim, sentences
from threegate.types import Span


def units(claim: str, room: int) -> tuple[Span, ...]:
    """At least one part, of about `room` tokens unless one sentence is longer; together they cover
    `claim`."""
    if tokens(claim) <= room:
        return (Span(0, len(claim)),)
    made: list[Span] = []
    for span in _statements(claim):
        if made and tokens(claim[made[-1].start : span.end]) <= room:
            made[-1] = Span(made[-1].start, span.end)
        else:
            made.append(span)
    return tuple(made)


def _statements(claim: str) -> list[Span]:
    found: list[Span] = []
    start = 0
    for span in sentences(claim):
        if carries_claim(claim[span.start : span.end].strip()):
            found.append(Span(start, span.end))
            start = span.end
    if not found:
        return [Span(0, len(claim))]
    found[-1] = Span(found[-1].start, len(claim))
    return found


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
    """The sentence that `claim` refers back to; empty if it is self-contained. "It costs 8 euros."
    says nothing without the one before it: a claim that opens with a word that points back is read
    together with the last sentence before it that itself states something, or else with the
    question that it answers."""
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
