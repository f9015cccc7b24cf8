"""A fast path for streams: pieces of plain words leave without a scan.

*Plain* text is words of at most `open_match.WORD` letters, signs that close a clause, blanks, and
characters beyond ASCII. A recognizer declares whether it finds anything in plain words
(`Recognizer.plain`), a tail where the text that it holds may begin (`open_match.begins`). Where new
text is plain, has no such beginning and no trigger of a recognizer of plain words near, a scan
would find nothing and hold the unfinished word alone: `PlainTextFastPath` knows that at a fraction
of the cost. Everything else is scanned.
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
"""Signs that close a clause; one after a word may also be the last character of a value."""

_SIGNS = "".join(re.escape(c) for c in open_match.TOKEN_CHARS if not (c.isalnum() or c in CLOSING))
_ODD = (
    rf"[0-9{_SIGNS}`<>\x00-\x08\x0b-\x1f\x7f]",
    rf"[A-Za-z]{{{open_match.WORD + 1}}}",
    rf"[{CLOSING}](?=[A-Za-z{CLOSING}])",
    folding.WIDE,  # read as ASCII, as are
    folding.MATHEMATICAL,
)
_ODD_BYTES = re2.compile("|".join(_ODD[:3]).replace("(?=", "(?:"))
"""The same for RE2, of a folded text: whether one occurs, not where it ends."""
_NEAR = 2 * LOOKBEHIND
_NOTHING = r"[^\x00-\x{10FFFF}]"


def _plain_trigger(recognizers: Iterable[Recognizer]) -> Any:
    """RE2 of the triggers of recognizers that may find plain words."""
    triggers = [f"(?:{r.trigger})" for r in recognizers if r.plain]
    return re2.compile("|".join(triggers) or _NOTHING)


class WholeTextFastPath:
    """The same for a text that is complete and folded: nothing has to be held, so only its
    characters and the triggers of plain words count."""

    def __init__(self, recognizers: Iterable[Recognizer]) -> None:
        self._trigger = _plain_trigger(recognizers)

    def finds_nothing(self, data: bytes) -> bool:
        """Whether a scan of this text (UTF-8) would surely find nothing."""
        return not found(_ODD_BYTES, data) and not found(self._trigger, data)


class PlainTextFastPath:
    """Of a scanner's recognizers and tails."""

    def __init__(self, recognizers: Iterable[Recognizer], held: Iterable[Tail]) -> None:
        begins = dict.fromkeys(b for t in held if (b := open_match.BEGINS[t]))
        self._odd = re.compile("|".join((*_ODD, *begins)))
        self._trigger = _plain_trigger(recognizers)

    def settled(self, text: str, start: int) -> int:
        """What a scan of `text`, which is settled before `start`, would call settled; -1 where only
        a scan can tell."""
        if self._odd.search(text, start):
            return -1
        if found(self._trigger, text[max(0, start - _NEAR) :].encode()):
            return -1
        return max(start, open_match.token(text))


def gate(recognizers: tuple[Recognizer, ...], held: tuple[Tail, ...]) -> PlainTextFastPath | None:
    """None where it is not known what a tail may hold."""
    if open_match.token not in held or not all(t in open_match.BEGINS for t in held):
        return None
    return PlainTextFastPath(recognizers, held)
