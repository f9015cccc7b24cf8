"""Splits a claim that is longer than the model reads into parts of whole sentences. Pure.

The model reads some eighty tokens of a claim; the rest of a long summary would go unread. A
sentence that states nothing (a question, a greeting) stays with the one after it: "When did it
open? In May." is one statement. Shorter claims stay whole, because context helps the model.
"""

from __future__ import annotations

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
