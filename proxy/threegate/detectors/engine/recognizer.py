"""The parts of pattern recognizers: hits, recognizers, edges of numbers, and the ways to find
candidates.

Invariants on which the scanner's prefix stability rests:

- a hit depends only on itself, on at most `BEFORE` + a few characters before its start, and on
  what `ScanText.after` reads;
- a hit's characters and its right edge are in the alphabet of one of its recognizer's `tails`, so
  an unfinished hit is held;
- text after a complete hit is read only through `ScanText.after`, which keeps the hit open until
  that text has arrived;
- searches overlap: a failed candidate never hides a later start.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from threegate.detectors.base import DetectorInfo
from threegate.detectors.engine import byte_patterns, token_runs
from threegate.detectors.engine.context import SPACE, ScanText
from threegate.detectors.engine.number_index import Shape
from threegate.types import Level

SCORES = {Level.LOW: 0.3, Level.MEDIUM: 0.7, Level.HIGH: 0.95}

DASH = "\\-\u2010-\u2014"
SEP = rf"[{SPACE}{DASH}.]"
"""One separator inside a number. A line break inside is `BREAK`."""
BREAK = r"[ ]?\r?\n[ ]?"
GAP = rf"(?:{SEP}|{BREAK})"
DIGIT = f"(?:[0-9]|{GAP}[0-9])"
"""The next digit of a number. `re` decides by the first character, at half the cost of an optional
gap."""

_LABELLED = (
    r"(?<=(?i:tel|mob|fax|sim).)|(?<=(?i:id|no|qq).)|(?<=(?i:phone).)|"
    r"(?<=(?i:mobile).)|(?<=(?i:card).)"
)
ANSWER = (
    r"(?:[^0-9\n]{0,12}(?:\n|\\n)[ \t]{0,2}(?:[^\n:：0-9]{1,12}[:：][ \t]{0,2})?"
    r"(?:(?:sure|yes|ok|好的|嗯)[,，] ?)?(?:(?:是|it'?s|it is)[ :：]?)?"
    r"|[)] ?(?i:values) ?[(]['\"]?"
    r"|</t[hd]>\s{0,4}<t[hd][^>\n]{0,20}>)"
)
"""What is between a label at the end of its line (also within JSON), cell or SQL column list, and
the value at the beginning of the next one or in a reply. With a label it is shorter than
`base.LOOKBEHIND`."""


def first(chars: str) -> str:
    """The first character of a pattern, with a left edge that also works next to Chinese. The
    character class comes first because `re` can skip to it quickly."""
    return rf"[{chars}](?:(?<![0-9A-Za-z].)(?<![0-9][.\-].){_SLASHED}|{_LABELLED})"


_SLASHED = r"(?:(?<![0-9]/.)|(?<=[0-9]{5}/.)|(?<=[0-9][ \-][0-9]{4}/.))"
"""No number before a slash, unless it is too long for a date or a fraction: two values separated by
a slash are both found."""
NO_SLASH = "(?!/[0-9]{5,9}(?![0-9]))"
"""After a slash: no number, a short one, or one long enough to be a separate value."""
EDGE = r"(?![0-9A-Za-z])(?!\.(?!0(?![0-9]))[0-9])(?!-[0-9]{5})" + NO_SLASH
"""Right edge of a number: not inside a longer number, a decimal, an order number. `.0` by itself is
not a decimal fraction: spreadsheets and data frames write integers that way."""
WORD_EDGE = r"(?![0-9A-Za-z])"


class Hit(NamedTuple):
    """One raw match: a half-open span of the scanned text. A tuple, because hostile text has tens
    of thousands of hits and a tuple costs a quarter of a frozen dataclass."""

    start: int
    end: int
    kind: str
    level: Level
    note: str = ""


Find = Callable[[ScanText], Iterator[Hit]]
Tail = Callable[[str], int]
"""Returns the smallest index at which a match may begin that is unfinished at the end of the
text."""


@dataclass(frozen=True, slots=True)
class Recognizer:
    """`trigger` is RE2 and matches somewhere in every (folded) text in which `find` finds
    something. Recognizers of numbers share `number_index.NUMBER`.

    `rank` decides between overlapping hits of equal level: the higher one is kept. `plain`: it may
    find something in plain words as defined by `plain_text_fast_path`. `pattern`: RE2 of its
    matches, where one is known."""

    info: DetectorInfo
    trigger: str
    find: Find
    tails: tuple[Tail, ...]
    rank: int = 50
    plain: bool = True
    pattern: str = ""

    @property
    def token(self) -> int:
        """Minimum length of the token (`token_runs`) in every match; 0 if unknown."""
        return token_runs.least(self.pattern) if self.pattern else 0


def overlapping(pattern: re.Pattern[str], view: ScanText) -> Iterator[re.Match[str]]:
    """Matches of `pattern` at every start, also inside earlier matches."""
    position, text, spend = 0, view.text, view.spend
    while match := pattern.search(text, position):
        spend()
        yield match
        position = match.start() + 1


def numbers(view: ScanText, pattern: re.Pattern[str], shape: Shape) -> Iterable[re.Match[str]]:
    """Matches of `pattern` at the starts of numbers of this shape."""
    starts = view.numbers.starts.get(shape, ())
    if len(starts) <= _COUNTED:
        return _matches(view, pattern, starts) if starts else ()
    batches = (starts[at : at + _COUNTED] for at in range(0, len(starts), _COUNTED))
    return chain.from_iterable(_matches(view, pattern, batch) for batch in batches)


def _matches(
    view: ScanText, pattern: re.Pattern[str], starts: Sequence[int]
) -> list[re.Match[str]]:
    view.spend(_COUNTED)
    match, text = pattern.match, view.text
    return [found for start in starts if (found := match(text, start))]


_COUNTED = 16
"""Starts of numbers that are counted as one batch of work."""


def likely(
    view: ScanText,
    loose: Any,
    pattern: re.Pattern[str],
    *,
    apart: bool = False,
    value: re.Pattern[bytes] | None = None,
) -> Iterator[re.Match[str]]:
    """Like `overlapping`, or with `apart` without overlaps, but tries `pattern` only where RE2's
    `loose` matches. `value` occurs within `_VALUE_REACH` bytes of every match, which rules out
    labels without a value."""
    free = 0
    for start in byte_patterns.starts(loose, view.data, value, _VALUE_REACH):
        view.spend()
        if start >= free and (match := pattern.match(view.text, view.place(start))):
            yield match
            free = start + len(match.group().encode()) if apart else 0


_VALUE_REACH = 384
"""Bytes; more than `base.LOOKBEHIND`, the largest distance from a label to its value."""

ToHit = Callable[[re.Match[str]], Hit | None]
"""Turns a match into a hit; None for a near miss."""


def likely_hits(
    view: ScanText,
    loose: Any,
    pattern: re.Pattern[str],
    to_hit: ToHit,
    *,
    apart: bool = False,
    value: re.Pattern[bytes] | None = None,
) -> Iterator[Hit]:
    """The hits that `to_hit` makes of `likely` matches."""
    matches = likely(view, loose, pattern, apart=apart, value=value)
    return filter(None, map(to_hit, matches))


LABEL_REACH = 56
"""From a label to its value, within `base.LOOKBEHIND`."""


def digits_of(text: str) -> str:
    return "".join(_DIGITS.findall(text))


_DIGITS = re.compile("[0-9]+")
