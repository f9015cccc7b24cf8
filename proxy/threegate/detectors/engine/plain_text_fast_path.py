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
_NEAR = 2 * LOOKBEHIND


class PlainTextFastPath:
    """Of a scanner's recognizers and tails."""

    def __init__(self, recognizers: Iterable[Recognizer], held: Iterable[Tail]) -> None:
        begins = dict.fromkeys(b for t in held if (b := open_match.BEGINS[t]))
        self._odd = re.compile("|".join((*_ODD, *begins)))
        triggers = [f"(?:{r.trigger})" for r in recognizers if r.plain]
        self._trigger = re2.compile("|".join(triggers)) if triggers else None

    def settled(self, text: str, start: int) -> int:
        """What a scan of `text`, which is settled before `start`, would call settled; -1 where only
        a scan can tell."""
        if self._odd.search(text, start):
            return -1
        if self._trigger and found(self._trigger, text[max(0, start - _NEAR) :].encode()):
            return -1
        return max(start, open_match.token(text))


def gate(recognizers: tuple[Recognizer, ...], held: tuple[Tail, ...]) -> PlainTextFastPath | None:
    """None where it is not known what a tail may hold."""
    if open_match.token not in held or not all(t in open_match.BEGINS for t in held):
        return None
    return PlainTextFastPath(recognizers, held)
