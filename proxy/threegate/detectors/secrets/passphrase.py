"""Secrets of several words: the recovery phrase of a wallet, a passphrase in a sentence or in
quotes.

Any sentence consists of words, so all words must be in lower case, none may be a function word or a
word used when talking about passwords, and the last word must end the clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from threegate import data_files
from threegate.detectors.engine import byte_patterns, open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import LABEL_REACH, Hit, likely_hits
from threegate.detectors.secrets import password, password_words
from threegate.types import Level

_P = data_files.patterns("detectors.secrets", "passphrase")
_WALLET = _P["WALLET"]
_SEED = re.compile(_P["SEED"])
_SIZES = frozenset((12, 15, 18, 21, 24))
_ABSENT = "the and for are was has had not but his her its our which these those"
"""Function words: they occur in almost every sentence, but in no wallet's word list."""

_LABEL = _P["LABEL"]
_IN_SENTENCE = re.compile(_P["IN_SENTENCE"])
_FUNCTION = frozenset(_ABSENT.split())
_SPOKEN = data_files.words("detectors.secrets", "spoken")
"""Words used in sentences about passwords."""


def find(view: ScanText) -> Iterator[Hit]:
    for loose, pattern in _FORMS:
        yield from likely_hits(view, loose, pattern, _judge)


def _judge(match: re.Match[str]) -> Hit | None:
    start, end = match.span("value")
    words = re.split("[ ,]+", match["value"])
    if start - match.start() > LABEL_REACH:
        return None
    plain = _is_seed(words) if match.re is _SEED else all(map(_is_plain, words))
    return Hit(start, end, password.KIND, Level.MEDIUM) if plain else None


def _is_seed(words: list[str]) -> bool:
    return len(words) in _SIZES and _FUNCTION.isdisjoint(words)


def _is_plain(word: str) -> bool:
    return word == "correct" or (word not in _SPOKEN and not password_words.speaks(word))


def _loose(pattern: re.Pattern[str], end: str) -> Any:
    return byte_patterns.loosened(
        pattern.pattern.partition("(?(")[0].replace("(?P<open>", "(?:") + end
    )


_FORMS = (
    (_loose(_SEED, ""), _SEED),
    (_loose(_IN_SENTENCE, "(?:[\"”」',;!?\\n)，。；！.]|$)"), _IN_SENTENCE),
)
_OPEN = re.compile(_P["OPEN"])
_LONGEST = 300
tail = open_match.unfinished(_OPEN, _LONGEST, begins=rf"(?i:{_WALLET}|{_LABEL})")
"""Holds from the label on while words follow it."""

RECOGNIZER = described(
    "passphrase", (password.KIND,), find, (open_match.token, tail), trigger=_P["TRIGGER"]
)
