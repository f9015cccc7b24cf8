"""Secrets by rule: keywords, RE2 pattern, minimum entropy, allow-list. Secrets are never verified
over the network.

The value is the pattern's group `value`, or the whole match; a match with group `no` is rejected. A
keyword must occur within the match: keywords are part of the scanner's pre-scan, so a rule costs
nothing on text without them. Edges are part of the pattern (RE2's `\\b` is ASCII and so works next
to Chinese). A pattern ends with its value: the result must not depend on text after it, or a stream
could not release the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain

import re2

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.recognizer import Find, Hit, Recognizer
from threegate.detectors.secrets import url
from threegate.detectors.secrets.values import placer, secret_test
from threegate.normalize import re2_spans
from threegate.types import Bilingual, Level

KEY = "secret.api_key"


@dataclass(frozen=True, slots=True)
class SecretRule:
    """`keywords` are lower case; at least one is in every text that matches. `entropy` is in bits
    per character.

    `allow` is an RE2 pattern (searched) of values that are no secrets. `not_before`, `not_after`:
    insides of classes of characters that may not directly precede or follow the value. `another`:
    RE2 of the beginning of another value, before which this one ends. `parts`: the alternatives of
    the pattern, if they are searched separately."""

    id: str
    kind: str
    title: Bilingual
    keywords: tuple[str, ...]
    pattern: str
    entropy: float = 0.0
    allow: str = ""
    level: Level = Level.HIGH
    examples: tuple[Example, ...] = ()
    not_before: str = ""
    not_after: str = ""
    rank: int = 95
    plain: bool = False  # a value may be a plain word: see `plain_text_fast_path`
    trigger: str = ""  # RE2, used instead of keywords that are too common
    another: str = ""
    parts: tuple[str, ...] = ()


NEXT_LINE = (
    r"\\?[\"'`]?(?:\s{0,3},\s{0,12}|\s{1,12})\\?[\"'`]?[Vv]alue"
    r"\\?[\"'`]?\s{0,3}[:=]\s{0,3}\\?[\"'`]?"
)
"""`- name: KEY` with `value: …` on the next or the same line, as in manifests and markup."""
TAGS = r"(?::?</[A-Za-z0-9]{1,6}>\s{0,4}(?:<[a-z][^<>\n]{0,12}>)?)"
"""Markup between a name and its value."""
_OPERATOR = r"(?:=>|[:?]=|==|=|:|：|是|为|->|(?:is|was)\s|:\s?&?[A-Za-z'][\w<>\[\]?' ]{0,14}=)"
"""The last alternative has a type before the value, as in Rust or Python."""
_OPEN = r"[bBrRuLf@]{0,2}[\"'`\\]{1,4}|(?:[|>][+\-]?\s{1,8})?"
"""What may precede a value: quotes (escaped inside quoted text) or a YAML block."""


def assign(*more: str) -> str:
    """RE2 for what is between a name and its value; `more` are further operators."""
    operator = "|".join((_OPERATOR, *more))
    return (
        rf"(?:[\"'`\]\\*]{{0,4}}\s{{0,8}}(?:{operator})\*{{0,3}}\s{{0,3}}(?:{_OPEN})|{NEXT_LINE}"
        rf"|{TAGS}[ ]?|[ \t]{{0,3}}\|[ \t]{{1,3}}[\"'`]?|\\?[\"']?>)"
    )


ASSIGN = assign()


_USER = "://[^"
"""For patterns of addresses that begin with a user name in any script."""


def recognizer(rule: SecretRule) -> Recognizer:
    return Recognizer(
        DetectorInfo(f"secrets.{rule.id}", (rule.kind,), rule.title, rule.examples),
        trigger=rule.trigger or "(?i)" + "|".join(re2.escape(k) for k in rule.keywords),
        find=_when_needed(rule),
        tails=(open_match.token, *((url.tail,) if _USER in rule.pattern else ())),
        rank=rule.rank,
        plain=rule.plain,
        pattern=rule.pattern,
    )


def _when_needed(rule: SecretRule) -> Find:
    """Compiles the patterns of a rule (about a millisecond) at the first text with one of its
    keywords. Most rules never meet one, and compiling all would take a tenth of the start-up
    time."""

    @cache
    def made() -> Find:
        return _finder(rule)

    return lambda view: made()(view)


def _finder(rule: SecretRule) -> Find:
    placers = [placer(part, rule.another) for part in rule.parts or (rule.pattern,)]
    is_secret = secret_test(rule.entropy, rule.allow)
    isolated, rejected = _isolated(rule), _rejected(rule.pattern)

    def find(view: ScanText) -> Iterator[Hit]:
        data, secret, named = view.data, dict[bytes, bool](), dict[bytes, bool]()
        for first, begin, end in chain.from_iterable(places(data) for places in placers):
            view.spend()
            value = data[begin:end]
            if value not in secret:
                secret[value] = is_secret(value)
            if not secret[value]:
                continue
            if first < begin and value[-1:] == b"." != value[-2:-1]:
                end -= 1  # the dot of a sentence; a token without a name may end with one
            hit = Hit(view.place(begin), view.place(end), rule.kind, rule.level, rule.id)
            name = data[max(0, first - _WIDEST) : begin]
            if not isolated(view.text, hit.start, hit.end):
                continue
            if name not in named:
                named[name] = rejected(view, first)
            if not named[name]:
                yield hit

    return find


_WIDEST = 4
"""The most bytes of a character; the character before a name matters too."""


def _isolated(rule: SecretRule) -> Callable[[str, int, int], bool]:
    """A test that a value is not part of something longer (`not_before`, `not_after`)."""
    before = re.compile(f"[{rule.not_before}]") if rule.not_before else None
    after = re.compile(f"[{rule.not_after}]") if rule.not_after else None

    def isolated(text: str, start: int, end: int) -> bool:
        if before and start and before.match(text, start - 1):
            return False
        return not (after and after.match(text, end))

    return isolated


def _rejected(pattern: str) -> Callable[[ScanText, int], bool]:
    """A test whether the match at a position has a group `no` or `no_…`, which names something
    else. The group must be a separate word: `entry` in `sentryToken` is not."""
    made = re2.compile(pattern)
    others = [at for name, at in made.groupindex.items() if name.partition("_")[0] == "no"]

    def rejected(view: ScanText, at: int) -> bool:
        groups = re2_spans.groups(made, view.data, at)
        return any(_is_word(view, *groups[other]) for other in others)

    return rejected if others else lambda view, at: False


def _is_word(view: ScanText, first: int, last: int) -> bool:
    """Whether a group matched and no letter before it makes it part of a longer word."""
    if first >= last:
        return False
    start = view.place(first)
    return not (start > 0 and view.text[start - 1].isalpha() and view.text[start].islower())
