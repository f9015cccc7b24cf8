"""R1's inline reasoning: `<think>…</think>answer` inside the content, split as it streams.

The start tag counts, in any case of its letters, only at the beginning and directly after another
block (white space and invisible characters may precede it); later ones are text. R1's chat template
already ends in `<think>\\n`, so raw output may lack the start tag. The text does not show that; it
must be configured (`starts_in_reasoning`). Without an end tag everything is reasoning, as with
`finish_reason` `length`. The parts, joined by kind, are the same for any cut.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final, NamedTuple

START_TAG: Final = "<think>"
END_TAG: Final = "</think>"
_START: Final = re.compile(START_TAG, re.IGNORECASE | re.ASCII)
_END: Final = re.compile(END_TAG, re.IGNORECASE | re.ASCII)
_SPACE: Final = re.compile("[\\s\ufeff\u200b-\u200d\u2060]*")


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
    AGAIN = auto()  # after an end tag: the answer, or another block
    CONTENT = auto()


class ThinkSplitter:
    """`feed` takes content and returns its parts; at most one partial tag is held back, which
    `close` returns. `starts_in_reasoning` may change until the first part has been returned."""

    __slots__ = ("_held", "_state", "starts_in_reasoning")

    def __init__(self, *, starts_in_reasoning: bool = False) -> None:
        self.starts_in_reasoning = starts_in_reasoning
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
            text = self._start(text, out, ThinkPartKind.TAG)
        while text and self._state in (_State.REASONING, _State.AGAIN):
            if self._state is _State.REASONING:
                text = self._reasoning(text, out)
            else:
                text = self._start(text, out, ThinkPartKind.CONTENT)
        if self._state is _State.CONTENT and text:
            out.append(ThinkPart(ThinkPartKind.CONTENT, text))
        return out

    def close(self) -> list[ThinkPart]:
        text, self._held = self._held, ""
        if not text:
            return []
        inside = self._state is _State.REASONING or self._expects_reasoning
        return [ThinkPart(ThinkPartKind.REASONING if inside else ThinkPartKind.CONTENT, text)]

    @property
    def _expects_reasoning(self) -> bool:
        return self._state is _State.START and self.starts_in_reasoning

    def _start(self, text: str, out: list[ThinkPart], space: ThinkPartKind) -> str:
        """What follows a start tag or what else is no white space. `space` is the kind of the white
        space: behind an earlier block it is what precedes the answer."""
        if end := _end_of_space(text):
            out.append(ThinkPart(space, text[:end]))
        if tag := _START.match(text, end):
            self._state = _State.REASONING
            out.append(ThinkPart(ThinkPartKind.TAG, tag[0]))
            return text[tag.end() :]
        rest = text[end:]
        if START_TAG.startswith(rest.lower()):
            self._held = rest
            return ""
        self._state = _State.REASONING if self._expects_reasoning else _State.CONTENT
        return rest

    def _reasoning(self, text: str, out: list[ThinkPart]) -> str:
        before, tag, after = _partition(text)
        if tag:
            self._state = _State.AGAIN
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
        if END_TAG.startswith(text[-length:].lower()):
            return length
    return 0


def ends(tag: str) -> bool:
    """Whether a tag ends a block."""
    return _END.fullmatch(tag) is not None


def _end_of_space(text: str) -> int:
    found = _SPACE.match(text)
    return found.end() if found is not None else 0


def _partition(text: str) -> tuple[str, str, str]:
    """`str.partition` at the first end tag."""
    found = _END.search(text)
    if found is None:
        return text, "", ""
    return text[: found.start()], found[0], text[found.end() :]


class Halves(NamedTuple):
    """A whole content: `head` ends with the start tag, `tail` is the end tag. Of several blocks the
    reasoning is joined and the tags of the first one are kept."""

    head: str
    reasoning: str
    tail: str
    answer: str

    def join(self) -> str:
        return "".join(self)


def halves(text: str, *, starts_in_reasoning: bool = False) -> Halves | None:
    """The two texts of a whole content, or None if it contains no inline reasoning."""
    if not starts_in_reasoning and _START.match(text, _end_of_space(text)) is None:
        return None
    splitter = ThinkSplitter(starts_in_reasoning=starts_in_reasoning)
    parts = splitter.feed(text) + splitter.close()
    tags = [text for kind, text in parts if kind is ThinkPartKind.TAG]
    last = next((i for i, tag in enumerate(tags) if ends(tag)), len(tags))
    return Halves(
        "".join(tags[:last]),
        _joined(parts, ThinkPartKind.REASONING),
        "".join(tags[last : last + 1]),
        _joined(parts, ThinkPartKind.CONTENT),
    )


def _joined(parts: list[ThinkPart], kind: ThinkPartKind) -> str:
    return "".join(part.text for part in parts if part.kind is kind)


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
