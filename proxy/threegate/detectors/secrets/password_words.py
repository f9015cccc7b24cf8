"""Passwords of letters alone: `password: correcthorse`, 密码是 xiaoming, "the passphrase is …".

Letters may be any word, so the context must meet more conditions: quotes, a settings line of its
own, or a clause that ends with the word; and the word must not be one used when talking about
passwords.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import re2

from threegate.data_files import patterns, words
from threegate.detectors.engine import byte_patterns
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import LABEL_REACH, Hit, likely_hits
from threegate.detectors.secrets import password
from threegate.detectors.secrets.engine import NEXT_LINE
from threegate.normalize import re2_spans
from threegate.types import Level

_P = patterns("detectors.secrets", "password_words", NEXT_LINE=NEXT_LINE)
_QUOTED = re.compile(_P["QUOTED"])
_LINE = re.compile(_P["LINE"])
_SQL = re.compile(_P["SQL"])
_FIELD = re.compile(_P["FIELD"])
_TAG = re.compile(_P["TAG"])
_ENGLISH = re.compile(_P["ENGLISH"])
_SET = re.compile(_P["SET"])
_CHINESE = re.compile(_P["CHINESE"])
_ORDINARY = re2.compile(_P["ORDINARY"])
_ENDS = re.compile(_P["ENDS"])
_STATEMENTS = words("detectors.secrets", "about_passwords")
"""Words that end a statement about a password."""


def find(view: ScanText) -> Iterator[Hit]:
    for loose, pattern, judge in _FORMS:
        yield from likely_hits(view, loose, pattern, judge)
    for hit in likely_hits(view, _LOOSE_CHINESE, _CHINESE, _chinese):
        if not _PHRASE.match(view.after(hit.start, hit.end)):
            yield hit


_PHRASE = re.compile(r"[ ][A-Za-z]")
"""English text follows, so the word is not a password: 量子密码是 quantum cryptography."""


def _judge(match: re.Match[str], value: str = "") -> Hit | None:
    value = value or match["value"]
    start, end = match.span("value")
    if start - match.start() > LABEL_REACH or _is_ordinary(value):
        return None
    level = Level.HIGH if _RANDOM.search(value.lower()) else Level.MEDIUM
    return Hit(start, end, password.KIND, level)


_RANDOM = re.compile("(?=[a-z]{12})[a-z]*[bcdfghjklmnpqrstvwxz]{5}")
"""Not words: app passwords of mail services, with five consonants in a row."""


def _line(match: re.Match[str]) -> Hit | None:
    value = match["value"]
    return _judge(match, value) if _is_alike(value) else None


def _set(match: re.Match[str]) -> Hit | None:
    value = match["value"]
    return _judge(match, value) if value.islower() and value not in _STATEMENTS else None


def _english(match: re.Match[str]) -> Hit | None:
    return None if _ENDS.search(match["value"]) else _set(match)


def _chinese(match: re.Match[str]) -> Hit | None:
    verb, quote, value = match.group("verb", "open", "value")
    return None if verb and not (quote or value.islower()) else _judge(match, value)


def speaks(word: str) -> bool:
    """Whether a word is one used when talking about passwords rather than a password."""
    return bool(
        re2_spans.found(_ORDINARY, word.encode()) or _ENDS.search(word) or word in _STATEMENTS
    )


def _is_ordinary(value: str) -> bool:
    """A word of `_ORDINARY`, or one letter repeated (the first letter may differ)."""
    rest = value[1:].lower()
    return rest.count(rest[0]) == len(rest) or re2_spans.found(_ORDINARY, value.encode())


def _is_alike(value: str) -> bool:
    """All letters after the first in one case, unlike camelCase names in code."""
    return value[1:].islower() or value.isupper()


def _loose(pattern: re.Pattern[str]) -> Any:
    """The pattern for RE2, including what must follow a value."""
    return byte_patterns.loosened(pattern.pattern.replace("(?=", "(?:").replace(r"\Z", "$"))


_FORMS = tuple(
    (_loose(pattern), pattern, judge)
    for pattern, judge in (
        *((_QUOTED, _judge), (_LINE, _line), (_SQL, _judge), (_FIELD, _judge), (_TAG, _judge)),
        *((_ENGLISH, _english), (_SET, _set)),
    )
)
_LOOSE_CHINESE = byte_patterns.loosened(_CHINESE.pattern + _P["FOLLOWING"])

RECOGNIZER = described(
    "password_words", (password.KIND,), find, trigger=password.RECOGNIZER.trigger
)
