"""R1's inline reasoning: `<think>…</think>answer` inside the content, split as it streams.

The start tag counts only at the beginning (after white space); later ones are text. R1's chat
template already ends in `<think>\\n`, so raw output may lack the start tag. The text does not show
that; it must be configured (`starts_in_reasoning`). Without an end tag everything is reasoning, as
with `finish_reason` `length`. The parts, joined by kind, are the same for any cut.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Final, NamedTuple

START_TAG: Final = "<think>"
END_TAG: Final = "</think>"


class ThinkPartKind(Enum):
    REASONING = auto()
    TAG = auto()  # a tag or the white space before the start tag: protocol, not text
    CONTENT = auto()


class ThinkPart(NamedTuple):
    kind: ThinkPartKind
    text: str


class _State(Enum):
    START = auto()
    REASONING = auto()
    CONTENT = auto()


class ThinkSplitter:
    """`feed` takes content and returns its parts; at most one partial tag is held back, which
    `close` returns."""

    __slots__ = ("_held", "_starts_in_reasoning", "_state")

    def __init__(self, *, starts_in_reasoning: bool = False) -> None:
        self._starts_in_reasoning = starts_in_reasoning
        self._state = _State.START
        self._held = ""

    @property
    def done(self) -> bool:
        """From here on everything is content."""
        return self._state is _State.CONTENT

    @property
    def reasons(self) -> bool:
        """What comes next is reasoning, until the end tag."""
        return self._state is _State.REASONING

    def feed(self, text: str) -> list[ThinkPart]:
        text, self._held = self._held + text, ""
        out: list[ThinkPart] = []
        if self._state is _State.START:
            text = self._start(text, out)
        if self._state is _State.REASONING:
            text = self._reasoning(text, out)
        if self._state is _State.CONTENT and text:
            out.append(ThinkPart(ThinkPartKind.CONTENT, text))
        return out

    def close(self) -> list[ThinkPart]:
        text, self._held = self._held, ""
        if not text:
            return []
        inside = self._state is _State.REASONING or self._starts_in_reasoning
        return [ThinkPart(ThinkPartKind.REASONING if inside else ThinkPartKind.CONTENT, text)]

    def _start(self, text: str, out: list[ThinkPart]) -> str:
        rest = text.lstrip()
        space = text[: len(text) - len(rest)]
        if rest.startswith(START_TAG):
            self._state = _State.REASONING
            out.append(ThinkPart(ThinkPartKind.TAG, space + START_TAG))
            return rest[len(START_TAG) :]
        if space:
            out.append(ThinkPart(ThinkPartKind.TAG, space))
        if START_TAG.startswith(rest):
            self._held = rest
            return ""
        self._state = _State.REASONING if self._starts_in_reasoning else _State.CONTENT
        return rest

    def _reasoning(self, text: str, out: list[ThinkPart]) -> str:
        before, tag, after = text.partition(END_TAG)
        if tag:
            self._state = _State.CONTENT
        else:
            kept = _tag_prefix_length(before)
            before, self._held = before[: len(before) - kept], before[len(before) - kept :]
        if before:
            out.append(ThinkPart(ThinkPartKind.REASONING, before))
        if tag:
            out.append(ThinkPart(ThinkPartKind.TAG, tag))
        return after


def _tag_prefix_length(text: str) -> int:
    """How many characters at the end of `text` may begin an end tag."""
    for length in range(min(len(END_TAG) - 1, len(text)), 0, -1):
        if END_TAG.startswith(text[-length:]):
            return length
    return 0


class Halves(NamedTuple):
    """A whole content: `head` ends with the start tag, `tail` is the end tag."""

    head: str
    reasoning: str
    tail: str
    answer: str

    def join(self) -> str:
        return "".join(self)


def halves(text: str, *, starts_in_reasoning: bool = False) -> Halves | None:
    """The two texts of a whole content, or None if it contains no inline reasoning."""
    space = len(text) - len(text.lstrip())
    inside = text.startswith(START_TAG, space)
    if not inside and not starts_in_reasoning:
        return None
    head = text[: space + len(START_TAG) if inside else space]
    reasoning, tail, answer = text[len(head) :].partition(END_TAG)
    return Halves(head, reasoning, tail, answer)


def replace(text: str, *, think: str | None = None, answer: str | None = None) -> str:
    """`text` with its reasoning or its answer replaced and the tags kept."""
    made = halves(text, starts_in_reasoning=True)
    assert made is not None
    if think is not None:
        made = made._replace(reasoning=think)
    if answer is not None:
        made = made._replace(answer=answer)
    return made.join()


def answer_of(text: str, *, starts_in_reasoning: bool = False) -> str:
    """A whole content without inline reasoning and its tags."""
    found = halves(text, starts_in_reasoning=starts_in_reasoning)
    return text if found is None else found.answer.lstrip()
