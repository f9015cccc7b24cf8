"""Private keys in PEM: from BEGIN to END, or as far as the text looks like a key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import re2

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import Hit
from threegate.normalize.re2_spans import found
from threegate.types import Level

KIND = "secret.private_key"

MAX_PEM = 16384
"""Characters from BEGIN to END of a private key; an RSA-16384 key in PEM has about 12,700."""

MIN_PEM_BODY = 20
"""With fewer characters than this between BEGIN and END it is a placeholder."""

_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]{2,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----")
_END, _DASHES = "-----END ", "-----"
_RUNS = re2.compile(r"[A-Za-z0-9+/=\\](?:(?:[ \t]*\r?\n[ \t]*)?[A-Za-z0-9+/=\\]){19}")
"""The minimum of key material after BEGIN if END is missing, over all lines; with less, the text
only mentions the BEGIN line."""
_BODY = re.compile(r"[\sA-Za-z0-9+/=:,\-\\]*")
_BREAKS = " \r\n\\"
_PUTTY = re.compile(r"Private-Lines: ([0-9]{1,3})(?![0-9])")
_PUTTY_LINE = re.compile(r"[ ]?(?:\r?\n|(?:\\r)?\\n)[ ]{0,8}[A-Za-z0-9+/=]{1,64}")
"""Line breaks may be escaped, as within JSON."""
_PEM_OPEN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}-{0,5}\Z")


def find(view: ScanText) -> Iterator[Hit]:
    """Up to the END line; without one, up to where the text no longer looks like a key."""
    stop, ends, closes = 0, _following(view.text, _END), _following(view.text, _DASHES)
    for match in _BEGIN.finditer(view.text):
        start, first, limit = match.start(), match.end(), match.start() + MAX_PEM
        if start < stop:
            continue
        end = ends(first)
        close = closes(end + len(_END)) if end + len(_END) <= limit else limit
        closed = close + len(_DASHES) <= limit
        if not closed and len(view.text) < limit:
            view.hold(start)
        stop = close + len(_DASHES) if closed else _like_a_key(view.text, first, limit)
        if end - first >= MIN_PEM_BODY if closed else _shows_a_key(view.text, first, stop):
            yield Hit(start, stop, KIND, Level.HIGH)
    yield from _putty(view)


def _putty(view: ScanText) -> Iterator[Hit]:
    """The private lines of a PuTTY key, as many as their heading says."""
    for heading in _PUTTY.finditer(view.text):
        end, left = heading.end(), int(heading[1])
        while left and (line := _PUTTY_LINE.match(view.text, end)):
            end, left = line.end(), left - 1
        if left and not view.text[end:].strip(_BREAKS):
            view.hold(heading.end())
        key = view.text[heading.end() : end].lstrip(_BREAKS)
        if len(key) >= MIN_PEM_BODY:
            yield Hit(end - len(key), end, KIND, Level.HIGH)


def _following(text: str, mark: str) -> Callable[[int], int]:
    """A function for the next position of `mark`, called with ascending positions: the text is
    searched once, however many keys begin in it. Returns a position beyond every limit if there is
    none."""
    found = -1

    def following(at: int) -> int:
        nonlocal found
        if found < at:
            place = text.find(mark, at)
            found = place if place >= 0 else len(text) + MAX_PEM
        return found

    return following


def _like_a_key(text: str, first: int, limit: int) -> int:
    body = _BODY.match(text, first, limit)
    return first + len(body.group().rstrip()) if body else first


def _shows_a_key(text: str, first: int, stop: int) -> bool:
    return stop - first >= MIN_PEM_BODY and found(_RUNS, text[first:stop].encode())


tail = open_match.unfinished(_PEM_OPEN, 64)

RECOGNIZER = described(
    "secrets.pem",
    (KIND,),
    find,
    (open_match.token, tail),
    trigger="PRIVATE KEY|Private-Lines: [0-9]",
)
