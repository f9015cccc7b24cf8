"""Known injection wordings in text that goes to the model: forged role delimiters, "ignore previous
instructions" in Chinese, English and some twenty other languages, invisible characters, images that
exfiltrate data.

A `PatternDetector` of the input layer; on channels that the model writes it finds nothing. One RE2
set over the folded text decides which signatures to search, so a text without any costs one pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import re2

from threegate.data_files import patterns
from threegate.detectors.base import Scanned
from threegate.detectors.engine.description import info_of
from threegate.detectors.engine.scanner import fold
from threegate.detectors.injection.project_rules import is_project_rule
from threegate.detectors.injection.signature_loader import (
    DELIMITER,
    INPUT,
    SIGNATURE,
    Signature,
    load_all,
)
from threegate.normalize.re2_spans import char_spans
from threegate.normalize.work import meter
from threegate.types import Channel, Finding, Level, Passage, Span

MAX_MATCH = 700
"""Code points; no signature matches more."""

TABLE = load_all()

_SCORES = {Level.LOW: 0.3, Level.MEDIUM: 0.6, Level.HIGH: 0.95}
_NEGATION_REACH = 14
_P = patterns("detectors.injection", "detector")
_NEGATION = re2.compile(_P["NEGATION"])
_QUOTED = re.compile(_P["QUOTED"])
_QUOTE_REACH = 16
_BLANK = re.compile("[\u00a0\u115f\u1160\u1680\u2000-\u200a\u202f\u205f\u2800\u3000\u3164\uffa0]")
"""Drawn as a space. RE2's `\\s` matches ASCII white space only."""
_DEFENDED = re2.compile(_P["DEFENDED"])
_ANYBODYS = re2.compile(r"(?i)^\w+\s+(?:any|all)\s+(?:[\w-]+\s+)?instructions?$")
_OURS = re2.compile(_P["OURS"])
_GOES_ON = re2.compile(_P["GOES_ON"])
_DEFENDED_ZH = re2.compile(_P["DEFENDED_ZH"])
_OURS_ZH = re.compile(_P["OURS_ZH"])
_FORBIDS_ZH = re.compile(r"[不禁勿别別莫拒避防]|严守|保密|反对|停止")
"""Orders not to do something: who lets go of those does it."""
_GOES_ON_ZH = re.compile(_P["GOES_ON_ZH"])
_AFTER_REACH, _NEXT_ZH, _LETGO_ZH = 160, 14, 2
_UNLESS_REACH = 32
_VERB = 6
"""Characters of an order that belong to its own verb."""
_IGNORING = re2.compile(r"(?i)^[^.!?\n]*?(?:ignor|missacht|игнор|ігнор)")
_IGNORING_AFTER = re2.compile(r"^[^。！？\n]*?(?:無視|무시)")
"""Who must not forget to ignore something ignores it."""
_FLAG = "\U0001f3f4"
_FLAG_TAGS = 7  # the longest real flag: black flag, gbeng or the like, cancel tag


class InjectionSignatures:
    """Spans cover the wording itself; `note` names the signature."""

    info = info_of("injection_signatures", (SIGNATURE, DELIMITER))

    def scan(self, passage: Passage, *, final: bool = True) -> Scanned:
        text = passage.text
        if passage.locus.channel not in INPUT:
            return Scanned((), len(text))
        found = tuple(_outermost(self._find(passage)))
        settled = len(text) if final else max(0, len(text) - MAX_MATCH)
        for finding in reversed(found):
            if finding.span.start < settled < finding.span.end:
                settled = finding.span.start
        return Scanned(found, settled)

    def _find(self, passage: Passage) -> Iterator[Finding]:
        text = folded(passage.text)
        data = text.encode()
        for i in _set().Match(data) or ():
            signature = TABLE[i]
            if passage.locus.channel in signature.channels:
                for span in occurrences(text, data, signature):
                    meter().found()
                    yield self._finding(passage, signature, span, text)

    def _finding(self, passage: Passage, signature: Signature, span: Span, text: str) -> Finding:
        locus, level = passage.locus, signature.level
        if signature.mentioned and locus.channel is Channel.USER and _quoted(passage.text, span):
            level = Level.LOW
        if signature.address and is_project_rule(text, span.start):
            level = Level.LOW
        return Finding(
            self.info.id, signature.kind, span, _SCORES[level], level, locus, signature.note
        )


def folded(text: str) -> str:
    """A text in the form in which signatures are searched."""
    text = fold(text)
    return text if text.isascii() else _BLANK.sub(" ", text)


def occurrences(text: str, data: bytes, signature: Signature) -> Iterator[Span]:
    """Where a signature occurs in a folded text; `data` is its UTF-8."""
    spend = meter().spend
    for start, end in char_spans(_compiled(signature.pattern), text, data):
        spend()
        if _counts(text, start, end, signature):
            yield Span(start, end)


def _counts(text: str, start: int, end: int, signature: Signature) -> bool:
    if signature.note == "tag_characters" and text[start] == _FLAG:
        return bool(end - start > _FLAG_TAGS)
    if _is_reversed(text, start, end, signature):
        another = _compiled(signature.pattern).search(text[start + 1 : end])  # "forget not, forget"
        if another is None:
            return False
        return _counts(text, start + 1 + another.start(), start + 1 + another.end(), signature)
    if not signature.negatable:
        return True
    own = " my " in text[start:end].lower()  # users may take back their own instructions
    if own or _is_defence(text, start, end):
        return False
    return not _NEGATION.search(text[max(0, start - _NEGATION_REACH) : start])


def _is_reversed(text: str, start: int, end: int, signature: Signature) -> bool:
    before = text[max(0, start - _UNLESS_REACH) : start]
    places = before, text[start:end], text[end : end + _UNLESS_REACH]
    unless = zip(signature.unless, places, strict=False)
    if not any(pattern and _compiled(pattern).search(place) for pattern, place in unless):
        return False
    rest = text[start + _VERB : end + _UNLESS_REACH]
    return not (_IGNORING.search(rest) or _IGNORING_AFTER.search(places[2]))


def _is_defence(text: str, start: int, end: int) -> bool:
    """Tells a model not to obey what a document says, as prompts in source code do. It names no
    other orders to obey."""
    order, after = text[start:end], text[end : end + _AFTER_REACH]
    both = order + after
    if defended := _DEFENDED_ZH.search(both[: end - start + _NEXT_ZH]):
        defence = defended.group()
        ours = _OURS_ZH.search(defence) or _FORBIDS_ZH.search(defence[_LETGO_ZH:])
        return not ours and not _GOES_ON_ZH.match(both[len(defence) :])
    found = _DEFENDED.search(after) if _ANYBODYS.search(order) else None
    if found is None or _OURS.search(order + found.group()):
        return False
    return not _GOES_ON.search(after[found.end() :])


def _quoted(text: str, span: Span) -> bool:
    return bool(_QUOTED.search(text, max(0, span.start - _QUOTE_REACH), span.start))


def _outermost(found: Iterable[Finding]) -> Iterator[Finding]:
    """In text order, without findings that lie inside another of the same kind and at least the
    same level."""
    reach: dict[tuple[str, Level], int] = {}
    for finding in sorted(found, key=lambda f: (f.span.start, -f.span.end, -f.level)):
        levels = [level for level in Level if level >= finding.level]
        if all(reach.get((finding.kind, level), 0) < finding.span.end for level in levels):
            yield finding
        key = finding.kind, finding.level
        reach[key] = max(reach.get(key, 0), finding.span.end)


def _options() -> Any:
    """Memory for the set's automaton: with the default it is rebuilt again and again."""
    options = re2.Options()
    options.max_mem = 64 << 20
    return options


@cache
def _compiled(pattern: str) -> Any:
    return re2.compile(pattern)


@cache
def _set() -> Any:
    made = re2.Set.SearchSet(_options())
    for signature in TABLE:
        made.Add(signature.pattern)
    made.Compile()
    return made
