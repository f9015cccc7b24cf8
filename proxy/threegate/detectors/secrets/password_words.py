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

from threegate.data_files import words
from threegate.detectors.engine import byte_patterns
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import LABEL_REACH, Hit, likely_hits
from threegate.detectors.secrets import password
from threegate.detectors.secrets.engine import NEXT_LINE
from threegate.normalize import re2_spans
from threegate.types import Level

_LONG = "[Pp]ass(?:[Ww]ord|[Ww]d|phrase|code)"
_NAME = (
    rf"(?:{_LONG}|[Pp](?:(?<![A-Za-z].)|(?<=[a-z]P))(?:ass|wd|w)"
    r"|P(?:ASS(?:WORD|WD|PHRASE)|(?<![A-Za-z].)(?:ASS|WD|W)))[0-9]?(?![A-Za-z])"
)
_OPEN, _CLOSE = r"\\?[\"'`“「『]", r"\\?[\"'`”」』]"
_WORD = "(?P<value>[A-Za-z]{6,32})"
_WORDS = (
    rf"(?P<value>[A-Za-z]{{6,32}}|[A-Za-z]{{3,12}}(?:-[A-Za-z]{{3,12}}){{2,4}})(?={_CLOSE}|[|\t])"
)
_END = r"(?=[,;!?\n)，。；！？）]|\.\s|\.\Z|\Z)"
_IS = r"(?:=>|:=|==?|:|：|is|was|->)"
_QUOTED = re.compile(
    rf"{_NAME}(?:[\"'`\]\\*]{{0,3}}[ \t]{{0,4}}{_IS}\*{{0,2}}[ \t]{{0,4}}[brun@]?{_OPEN}"
    rf"|{NEXT_LINE}){_WORDS}"
)
_LINE = re.compile(
    rf"{_NAME}(?:\*{{0,2}}[ \t]{{0,4}}[:：=]\*{{0,2}}[ \t]{{0,4}}|{NEXT_LINE})"
    rf"{_WORD}(?=[\r\n\"`”]|\Z)"
)
_SQL = re.compile(rf"(?:with|WITH) (?:encrypted |ENCRYPTED )?(?:password|PASSWORD) {_OPEN}{_WORDS}")
_FIELD = re.compile(rf"{_NAME}={_WORD}(?=[ \t&;\"])")
_TAG = re.compile(rf"{_NAME}>{_WORD}(?=<)")
_GAP = r"(?: [a-z'’\-]{1,12}){0,6}"
_ENGLISH = re.compile(rf"{_LONG}{_GAP} (?:is|was|as)(?: (?:still|now|just|simply))? {_WORD}{_END}")
_SET = re.compile(
    rf"(?:[Cc]hang|[Ss]et|[Uu]pdat)[a-z]{{0,4}} (?:[a-z'’]{{2,9}} ){{1,3}}{_NAME}{_GAP} to {_WORD}"
    + _END
)
_CHINESE = re.compile(
    r"(?:密[码碼]|口令)(?:[^\x00-\x7f，。！？；：、\n]{0,8}(?P<verb>[是为為成叫])了?"
    r"|\*{0,2}[ ]?[:：=]\*{0,2})"
    rf"[ ]?(?P<open>{_OPEN})?{_WORD}(?![A-Za-z0-9_\-.@/(=])"
)
_ORDINARY = re2.compile(
    r"(?i)pass|pwd|secret|token|user|hash|crypt|cipher|your|enter|input|example|sample|placeholder|change"
    r"|default|dummy|string|null|undefined|requir|option|valid|value|varchar|hidden|mask|redact"
    r"|confirm|current|login|name$|(?:[^n]|[^o]n|[^m]on)key$|config|random|generat|unknown|missing|incorrect|^correct$"
    r"|mismatch|expir|reset|forgot|strong|secur|^plain|^clear|encod|argon|object|integer|number"
    r"|boolean|credential|argument|param|request|respon|session|email|phone|account|character"
    r"|prompt|vault|abled$|^abcdef|^(?:medium|locked|rotated|pending|active|nothing|foobar|foobared|please|normal)$"
)
"""Words that occur in place of a password or talk about one; in RE2, many words cost a sixth of
what they cost in `re`."""
_ENDS = re.compile(
    "(?:ed|ing|able|ible|ly|ive|ous|ful|less|ory|ent|ant|ic|al|ish|est"  # endings of adjectives
    "|[ae]nce|ness|ship|ment|ion|ity)$"  # of abstract nouns
)
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


_FOLLOWING = r"(?:[^A-Za-z0-9_\-.@/(= ]|[ ][^A-Za-z]|[ ]?$)"
"""Most of what may follow a value in Chinese."""


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
_LOOSE_CHINESE = byte_patterns.loosened(_CHINESE.pattern + _FOLLOWING)

RECOGNIZER = described(
    "password_words", (password.KIND,), find, trigger=password.RECOGNIZER.trigger
)
