"""Secrets by rule: keyword, RE2 pattern, entropy floor, allow-list. Never verified against the
network.

A rule's value is its group `value`, or the whole match; a match with group `no` is something
else. Its keywords are necessary: they are
part of the scanner's pre-scan, so a rule costs nothing on text without them; they belong to the
match itself, never to text far away. Edges are part of the pattern (RE2's `\\b` is ASCII and so
works next to Chinese). Patterns end with the value: nothing behind it may decide, or a stream
could not release it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import re2

from threegate.detectors import linear, tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.recognizer import Find, Hit, Recognizer
from threegate.detectors.surroundings import View
from threegate.normalize import re2_spans
from threegate.types import Bilingual, Level

KEY, JWT, WEBHOOK = "secret.api_key", "secret.jwt", "secret.webhook"
CONNECTION, PASSWORD = "secret.connection_string", "secret.password"
AWS, ALIYUN, TENCENT = "secret.aws", "secret.aliyun", "secret.tencent"

_PLACEHOLDER = (
    r"(?i)x{5}|\*{3}|\.{3}|\$\{|\$\(|\{\{|%s|<|your|example|placeholder|changeme|"
    r"dummy|redacted|0{8}|(?:1234-){2}|1234567890?\n?$"
    r"|getenv|environ|process\.env|os\.|config\.|import\.meta|secrets?\.|settings\.|^env(?:[^\pL\pN_]|$)|"
    r"abcdefgh|abc123|^(?:none|null|true|false|undefined)\n?$"
)


_WIDEST = 5 * tails.MAX_TOKEN
"""Bytes of a match behind which its value is longer than a token."""


@dataclass(frozen=True, slots=True)
class SecretRule:
    """`keywords` are lower case, at least one is in every text that matches. `entropy` is in
    bits a character.

    `allow` is an RE2 pattern (searched) of values that are no secrets. `has`: inside of a class of
    characters of which it leaves no value without one. `not_before`, `not_after`: insides of
    classes of characters that may not stand beside the value."""

    id: str
    kind: str
    title: Bilingual
    keywords: tuple[str, ...]
    pattern: str
    entropy: float = 0.0
    allow: str = ""
    has: str = ""
    level: Level = Level.HIGH
    examples: tuple[Example, ...] = ()
    not_before: str = ""
    not_after: str = ""
    rank: int = 95
    plain: bool = False  # a value may be a plain word: see `prose`
    trigger: str = ""  # RE2 in the place of keywords that say too little


def rule(
    id: str,
    title: str,
    keywords: str,
    pattern: str,
    *examples: Example,
    zh: str = "",
    **more: object,
) -> SecretRule:
    fields: dict[str, object] = {"kind": KEY, "entropy": 2.5, **more}
    return SecretRule(
        id,
        title=Bilingual(zh or title, title),
        keywords=tuple(keywords.split()),
        pattern=pattern,
        examples=examples,
        **fields,  # type: ignore[arg-type]
    )


NEXT_LINE = (
    r"\\?[\"'`]?(?:\s{0,3},\s{0,12}|\s{1,12})\\?[\"'`]?[Vv]alue"
    r"\\?[\"'`]?\s{0,3}[:=]\s{0,3}\\?[\"'`]?"
)
"""`- name: KEY` with `value: …` below or beside it, as in manifests and markup."""
_OPERATOR = r"(?:=>|[:?]=|==|=|:|：|是|为|->|(?:is|was)\s|:\s?&?[A-Za-z'][\w<>\[\]?' ]{0,14}=)"
"""The last: with a type before the value, as in Rust or Python."""
_OPEN = r"[bBrRuLf@]{0,2}[\"'`\\]{1,4}|(?:[|>][+\-]?\s{1,8})?"
"""What begins a value: quotes, escaped where text stands in text; or a block of YAML."""


def assign(*more: str) -> str:
    """RE2 of what stands between a name and its value; `more` operators."""
    operator = "|".join((_OPERATOR, *more))
    return rf"(?:[\"'`\]\\]{{0,4}}\s{{0,8}}(?:{operator})\s{{0,3}}(?:{_OPEN})|{NEXT_LINE}|>)"


ASSIGN = assign()


def entropy(value: str) -> float:
    """Shannon entropy in bits a character."""
    counts, total = Counter(value).values(), len(value)
    return -sum(n / total * math.log2(n / total) for n in counts)


def recognizer(rule: SecretRule) -> Recognizer:
    return Recognizer(
        DetectorInfo(f"secrets.{rule.id}", (rule.kind,), rule.title, rule.examples),
        trigger=rule.trigger or "(?i)" + "|".join(re2.escape(k) for k in rule.keywords),
        find=_finder(rule),
        tails=(tails.token,),
        rank=rule.rank,
        plain=rule.plain,
    )


def _finder(rule: SecretRule) -> Find:
    """Near misses are many, so groups are looked for once a text, where the value is one or cannot
    be told without, and all over bytes: that costs a sixth of what a string does."""
    spans, parts = linear.finder(linear.ungrouped(rule.pattern)), re2.compile(rule.pattern)
    group, other = (parts.groupindex.get(name, 0) for name in ("value", "no"))
    secret, alone, value_of = _secret(rule), _alone(rule), valued(rule.pattern)
    has = re.compile(rf"[{rule.has}\x80-\xff]".encode()) if rule.has else None

    def told(data: bytes, first: int, last: int) -> tuple[int, ...]:
        """Where value and other name stand from the start of a match on; nowhere if it is none."""
        value = value_of(data, first, last)
        if value is not None and not secret(value):
            return ()
        full = re2_spans.groups(parts, data, first)
        start, end = full[group]
        if value is None and not secret(data[start:end]):
            return ()
        return tuple(at - first for at in (start, end, *full[other]))

    def find(view: View) -> Iterator[Hit]:
        data, known = view.data, dict[bytes, tuple[int, ...]]()
        for first, last in spans(data):
            if last - first > _WIDEST:
                continue
            text = data[first:last]
            if (places := known.get(text)) is None:
                if has and not has.search(text):
                    continue
                places = known[text] = told(data, first, last)
            if not places:
                continue
            start, end, no, no_end = (first + at for at in places)
            if other and _is_other(view, no, no_end):
                continue
            start, end = view.place(start), view.place(end)
            if alone(view.text, start, end):
                yield Hit(start, end, rule.kind, rule.level, rule.id)

    return find


ValueOf = Callable[[bytes, int, int], bytes | None]
_LAST = re.compile(
    r"(?P<head>.*)\(\?P<value>(?P<one>\[(?:[^\]\\]|\\.)+\])\{(?P<least>\d+)(?P<more>,)?\}\)"
    r"(?P<end>\(\?:\[\^[^\]]+\]\|\$\))?",
    re.DOTALL,
)
"""A pattern that ends with a value of so many characters of a class, at most with what ends it."""


def valued(pattern: str) -> ValueOf:
    """The value of a match in ASCII without groups, which cost five times what a match does; None
    where only they can tell."""
    match = _LAST.fullmatch(pattern)
    if match is None or match["one"].startswith("[^") or (match["more"] and match["end"]):
        return lambda data, first, last: None
    one, least = match["one"], int(match["least"])
    if match["more"]:
        return _reaching(linear.ungrouped(match["head"]) + f"{one}{{{least}}}", least)
    return _ending(match["end"], least)


def _reaching(pattern: str, least: int) -> ValueOf:
    """Of a value that reaches to the end: `pattern` ends behind its first `least` characters, as
    parts are chosen in the same order whatever more of it follows."""
    made = re2.compile(pattern)

    def value_of(data: bytes, first: int, last: int) -> bytes | None:
        if not data[first:last].isascii():
            return None
        return data[re2_spans.groups(made, data, first)[0][1] - least : last]

    return value_of


def _ending(end: str | None, size: int) -> ValueOf:
    """Of a value of `size` with one character behind it, if any, that `end` tells."""
    ends = re.compile(end.removesuffix("|$)").encode() + b")") if end else None

    def value_of(data: bytes, first: int, last: int) -> bytes | None:
        if not data[first:last].isascii():
            return None
        last -= ends is not None and ends.match(data, last - 1) is not None
        return data[last - size : last]

    return value_of


def _secret(rule: SecretRule) -> Callable[[bytes], bool]:
    """Whether a value is one and no placeholder; what costs least is asked first."""
    least = 2**rule.entropy
    allow = f"|(?:{rule.allow})" if rule.allow else ""
    other = re2.compile(f"(?:{_PLACEHOLDER}){allow}")

    def secret(data: bytes) -> bool:
        value = data.decode()
        if len(value) > tails.MAX_TOKEN or len(set(value)) < least:
            return False
        return not re2_spans.found(other, data) and entropy(value) >= rule.entropy

    return secret


def _alone(rule: SecretRule) -> Callable[[str, int, int], bool]:
    """Whether nothing stands beside a value that makes it a part of something longer."""
    before = re.compile(f"[{rule.not_before}]") if rule.not_before else None
    after = re.compile(f"[{rule.not_after}]") if rule.not_after else None

    def alone(text: str, start: int, end: int) -> bool:
        if before and start and before.match(text, start - 1):
            return False
        return not (after and after.match(text, end))

    return alone


def _is_other(view: View, first: int, last: int) -> bool:
    """What the group `no` names; but `entry` is no word of its own in `sentryToken`."""
    if first >= last:
        return False
    start = view.place(first)
    return not (start > 0 and view.text[start - 1].isalpha() and view.text[start].islower())
