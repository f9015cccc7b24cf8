"""A fast path for streams: pieces of plain words are released without a scan.

*Plain* text consists of words of at most `open_match.WORD` letters, punctuation that closes a
clause, white space, and non-ASCII characters. A recognizer declares whether it may find anything in
plain words (`Recognizer.plain`); a tail declares where the text that it holds may begin
(`open_match.begins`). If new text is plain, has no such beginning, and no trigger of a recognizer
for plain words is near, a scan would find nothing and hold only the unfinished word.
`PlainTextFastPath` finds that out at a fraction of the cost. Everything else is scanned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import re2

from threegate.detectors.base import LOOKBEHIND
from threegate.detectors.engine import folding, open_match
from threegate.detectors.engine.recognizer import Recognizer, Tail
from threegate.normalize.re2_spans import found

CLOSING = ".;:?"
"""Punctuation that closes a clause; after a word it may also be the last character of a value."""

_SIGNS = "".join(re.escape(c) for c in open_match.TOKEN_CHARS if not (c.isalnum() or c in CLOSING))
_UNUSUAL = (
    rf"[0-9{_SIGNS}`<>\x00-\x08\x0b-\x1f\x7f]",
    rf"[A-Za-z]{{{open_match.WORD + 1}}}",
    rf"[{CLOSING}](?=[A-Za-z{CLOSING}])",
    folding.WIDE,  # read as ASCII, as are
    folding.MATHEMATICAL,
)
_UNUSUAL_BYTES = re2.compile("|".join(_UNUSUAL[:3]).replace("(?=", "(?:"))
"""The same for RE2 and folded text, to test only whether one occurs."""
_NEAR = 2 * LOOKBEHIND
_NOTHING = r"[^\x00-\x{10FFFF}]"


def _plain_trigger(recognizers: Iterable[Recognizer]) -> Any:
    """The triggers of all recognizers that may find something in plain words, as one RE2
    pattern."""
    triggers = [f"(?:{r.trigger})" for r in recognizers if r.plain]
    return re2.compile("|".join(triggers) or _NOTHING)


class WholeTextFastPath:
    """The fast path for a complete, folded text: nothing has to be held, so only its characters and
    the triggers of plain words matter."""

    def __init__(self, recognizers: Iterable[Recognizer]) -> None:
        self._trigger = _plain_trigger(recognizers)

    def finds_nothing(self, data: bytes) -> bool:
        """Whether a scan of this text (UTF-8) is certain to find nothing."""
        return not found(_UNUSUAL_BYTES, data) and not found(self._trigger, data)


class PlainTextFastPath:
    """The fast path for the recognizers and tails of a scanner."""

    def __init__(self, recognizers: Iterable[Recognizer], held: Iterable[Tail]) -> None:
        begins = dict.fromkeys(b for t in held if (b := open_match.BEGINS[t]))
        self._unusual = re.compile("|".join((*_UNUSUAL, *begins)))
        self._trigger = _plain_trigger(recognizers)

    def settled(self, text: str, start: int) -> int:
        """The position up to which a scan of `text` (already settled before `start`) would be
        settled; -1 if only a scan can tell."""
        if self._unusual.search(text, start):
            return -1
        if found(self._trigger, text[max(0, start - _NEAR) :].encode()):
            return -1
        return max(start, len(text.rstrip(open_match.TOKEN_CHARS)))


def gate(recognizers: tuple[Recognizer, ...], held: tuple[Tail, ...]) -> PlainTextFastPath | None:
    """The fast path for these recognizers and tails; None if it is unknown what one of the tails
    may hold."""
    if open_match.token not in held or not all(t in open_match.BEGINS for t in held):
        return None
    return PlainTextFastPath(recognizers, held)
