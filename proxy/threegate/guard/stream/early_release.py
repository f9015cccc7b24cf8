"""Decides how much of a text may leave before its sentence has ended, by checking it as it grows.

The text is cut into steps of some forty bytes that end with a word; the first ones are shorter, so
that the first words leave soon. Each step is checked when it has arrived, with a little of the text
before it. A step is *clear* if nothing in it scores near a level. Text leaves up to the end of the
clear steps. A sentence with a step that is not clear is judged as a whole, and its text from that
step on waits for the verdict. The first steps, and then every few, are checked with the question.

Steps depend on the text alone, so what leaves does not depend on how or when it arrived. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from threegate.types import Span

FIRST_STEPS = (8, 12, 20, 30, 40)
STEP = 40
"""Bytes, at least: an English letter has one, a Chinese character three. Ten tokens."""

ASKED_AGAIN = 5
"""Interval of steps that are read with the question: an answer that spells nothing out may still do
what was asked."""

LONGEST_WORD = 24
"""Code points by which a step may be extended to the end of a word."""


@dataclass(slots=True)
class EarlyRelease:
    """The steps of one text and which are clear. Positions count from the start of the text."""

    _ends: list[int] = field(default_factory=list)
    _clear: list[bool | None] = field(default_factory=list)  # None: not checked yet

    def steps(self, text: str, base: int, *, final: bool) -> list[tuple[int, Span]]:
        """(number, position) of the steps that are complete now. `text` begins at `base`; `final`:
        it has ended."""
        out: list[tuple[int, Span]] = []
        while True:
            number = len(self._ends)
            start = self._ends[-1] if self._ends else 0
            size = FIRST_STEPS[number] if number < len(FIRST_STEPS) else STEP
            end = step_end(text, start - base, size, final=final)
            if end is None:
                return out
            self._ends.append(base + end)
            self._clear.append(None)
            out.append((number, Span(start, base + end)))

    def checked(self, number: int, *, clear: bool) -> None:
        """Stores the answer about a step."""
        self._clear[number] = clear

    def is_clear(self, start: int, end: int) -> bool | None:
        """Whether all steps that touch a sentence are clear; None while one of them is
        unchecked."""
        first = bisect_right(self._ends, start)
        last = bisect_right(self._ends, end - 1)
        touched = self._clear[first : last + 1]
        if False in touched:
            return None if None in touched[: touched.index(False)] else False
        return None if None in touched or last == len(self._ends) else True

    def has_unclear(self, start: int, end: int) -> bool:
        """Whether a step that touches a sentence and ends before `end` is known not to be clear."""
        first = bisect_right(self._ends, start)
        last = bisect_right(self._ends, end)
        return False in self._clear[first:last]

    def clear_until(self, at: int) -> int:
        """The position up to which the text is clear without a gap, from a given position on."""
        for number in range(bisect_right(self._ends, at), len(self._ends)):
            if not self._clear[number]:
                break
            at = self._ends[number]
        return at


def needs_question(number: int) -> bool:
    """Whether a step is checked with the question."""
    return number < len(FIRST_STEPS) or number % ASKED_AGAIN == 0


def step_end(text: str, start: int, size: int, *, final: bool) -> int | None:
    """Where the step that begins at `start` ends; None while more text is needed to decide."""
    length = len(text)
    at = _filled(text, start, size)
    if at is None:
        return length if final and length > start else None
    longest = at + LONGEST_WORD
    while at < longest:
        if at == length:
            return length if final else None
        if not (_is_letter(text[at - 1]) and _is_letter(text[at])):
            break
        at += 1
    return at


def _filled(text: str, start: int, size: int) -> int | None:
    """The position `size` bytes after `start`; None while the text is shorter."""
    part = text[start : start + size]
    if part.isascii():
        return start + size if len(part) == size else None
    taken = 0
    for at, char in enumerate(part, start + 1):
        taken += _bytes(char)
        if taken >= size:
            return at
    return None


def _bytes(char: str) -> int:
    return 1 if char < "\x80" else 2 if char < "\u0800" else 3 if char < "\U00010000" else 4


def _is_letter(char: str) -> bool:
    """Whether the character belongs to a script that puts spaces between words."""
    return char.isalnum() and char < "\u2e80"
