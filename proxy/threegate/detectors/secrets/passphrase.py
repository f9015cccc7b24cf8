"""Secrets of several words: the recovery phrase of a wallet, a passphrase in a sentence or in
quotes.

Any sentence consists of words, so all words must be in lower case, none may be a function word or a
word used when talking about passwords, and the last word must end the clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from threegate.detectors.engine import byte_patterns, open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import Hit, likely_hits
from threegate.detectors.secrets import password, password_words
from threegate.types import Level

_WALLET = (
    r"(?:(?:recovery|seed|backup|mnemonic|wallet)[ \-](?:recovery )?(?:phrase|words?|seed)"
    r"|[Mm]nemonic|助[记記][词詞]|恢复短语)"
)
_PHRASE = r"(?P<value>[a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8}){11,23})"
_SEED = re.compile(
    rf"(?i:{_WALLET})[^\n.。]{{0,36}}?(?:[:：=]|(?<= )is|(?<= )was|是|为)[ \n]{{0,2}}[\"“'`]?"
    rf"{_PHRASE}(?![a-z])"
)
_SIZES = frozenset((12, 15, 18, 21, 24))
_ABSENT = "the and for are was has had not but his her its our which these those"
"""Function words: in nearly every sentence, but in no word list of a wallet."""

_LABEL = r"(?:[Pp]ass(?:word|phrase|code)|口令|密码)"
_GAP = r"(?: (?:for|to|of|on|at) [a-z'’ ]{2,20}?)?"
_WORDS = r"(?P<value>[a-z]{3,12}(?: [a-z]{3,12}){1,5})"
_IN_SENTENCE = re.compile(
    rf"{_LABEL}{_GAP}(?: is| was|['’]s|[ ]?[:：是])[ ]?(?P<open>[\"“「'])?{_WORDS}"
    r"(?(open)[\"”」'.,]|(?=[,;!?\n)，。；！]|\.\s|\.\Z|\Z))"
)
_PROSE = """
a about above account accounts add after again all also always an and another any anyone are
as ask at back bad base based be because been before below best better between both bright
broken but by can case certain characters check chosen clear code common company complex
contact correctly could dead default detail did different digits direct do does done down each
eight else empty enough even ever every everyone exactly expired far few field fine first five
for forever four free from full gone good great hard has have hence here hidden his how huge
if in inside into is it its just kept key keys kind knowledge known last later least leave
left less let letters like line little long longer looks lost low lower made mail make many
matter maybe me mine minimum missing mixed more most much must my name near never new next
nine no none nor not note nothing now null number of off old on once one only open or other
our out outside over own page part per plain please point policy possible pretty prior private
problem public quite read ready real really right rule rules safe said same saved say secret
secure see seen seven shared short should show since site six so some soon stale standard
still stored strong stuff such super sure system ten text than that the their them then there
these they this those three through time times to today too top try two type under unique
until up upon upper us use used user valid very via wait was way we weak well were what when
where which while who whole whom whose why will with within without word words work would
wrong year yes yet you your zero
"""
"""Words used in sentences about passwords."""


_FUNCTION, _SPOKEN = frozenset(_ABSENT.split()), frozenset(_PROSE.split())


def find(view: ScanText) -> Iterator[Hit]:
    for loose, pattern in _FORMS:
        yield from likely_hits(view, loose, pattern, _judge)


def _judge(match: re.Match[str]) -> Hit | None:
    start, end = match.span("value")
    words = re.split("[ ,]+", match["value"])
    if start - match.start() > _REACH:
        return None
    plain = _is_seed(words) if match.re is _SEED else all(map(_is_plain, words))
    return Hit(start, end, password.KIND, Level.MEDIUM) if plain else None


def _is_seed(words: list[str]) -> bool:
    return len(words) in _SIZES and _FUNCTION.isdisjoint(words)


def _is_plain(word: str) -> bool:
    return word == "correct" or (word not in _SPOKEN and not password_words.speaks(word))


_REACH = 56
"""From the label to the value: within `base.LOOKBEHIND`."""


def _loose(pattern: re.Pattern[str], end: str) -> Any:
    return byte_patterns.loosened(
        pattern.pattern.partition("(?(")[0].replace("(?P<open>", "(?:") + end
    )


_FORMS = (
    (_loose(_SEED, ""), _SEED),
    (_loose(_IN_SENTENCE, "(?:[\"”」',;!?\\n)，。；！.]|$)"), _IN_SENTENCE),
)
_OPEN = re.compile(
    rf"(?i)(?:{_WALLET}[^\n.。]{{0,36}}(?:[:：=]|is|was|是|为)[ \n]{{0,2}}[\"“'`]?[a-z ,]{{0,240}}"
    rf"|{_LABEL}[a-z'’ ]{{0,26}}[:：是]?[ ]?[\"“「']?[a-z ]{{0,80}})\Z"
)
_LONGEST = 300
tail = open_match.unfinished(_OPEN, _LONGEST, begins=rf"(?i:{_WALLET}|{_LABEL})")
"""Holds from the label on while words follow it."""

RECOGNIZER = described(
    "passphrase",
    (password.KIND,),
    find,
    (open_match.token, tail),
    trigger=rf"(?i){_WALLET}|{_LABEL}",
)
