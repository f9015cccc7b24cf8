"""The form of an answer: links outside an allow-list, executable code, the wrong language.

A policy's list named `allowed_hosts` says which hosts (and their sub-domains) links may lead to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import re2

from threegate.detectors.base import DetectorInfo, PatternDetector, Scanned
from threegate.detectors.engine.description import info_of
from threegate.policy.model import CompiledPolicy
from threegate.types import Bilingual, Failed, Finding, Level, Passage, Span

ALLOWED_HOSTS = "allowed_hosts"
MAX_URL = 2_048
MAX_CODE = 200
MIN_LETTERS = 24
"""With fewer letters the language cannot be told: names, formulas, product codes."""

_SCHEME = re2.compile(r"(?i)(?:https?|ftp|wss?|data|javascript|file):")
_ADDRESS = re.compile(r"[^\t\n\f\r <>\"'`）】」，。；]{1,1000}")
"""What follows a scheme. Not RE2, which expands counts: one this high would exceed the memory of
its automaton."""
_HOST = re2.compile(r"(?i)^[a-z]+://(?:[^/@]*@)?([^/:?#]+)")
_OPEN_URL = re2.compile(r"(?i)(?:[a-z]{1,10}:?|[a-z]{1,10}:[^\s<>\"'`）】」，。；]*)$")

_CODE = re2.compile(
    r"(?i)\brm\s+-[a-z]*r[a-z]*f?\s+[/~*]|\b(?:curl|wget)\s[^\n|]{1,120}\|\s*(?:ba|z|da)?sh\b"
    r"|\bos\.system\s*\(|\bsubprocess\.[a-z_]+\s*\(|\beval\s*\(|\bexec\s*\(|\b__import__\s*\("
    r"|\bpowershell(?:\.exe)?\s+-[a-z]|\bdrop\s+(?:table|database)\s+\w|:\(\)\s*\{\s*:\|:&\s*\};:"
    r"|\bchmod\s+[0-7]*777\b|\bmkfs\.[a-z0-9]+\s|\bdd\s+if=\S+\s+of=/dev/"
)


class LinkDetector:
    """Links whose host is not on the policy's list; without a list, every link."""

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        self._allowed = tuple(host.lower().lstrip(".") for host in allowed)
        self.info = info_of("links", ("format.url",))

    def scan(self, passage: Passage, *, final: bool = True) -> Scanned:
        text = passage.text
        found = [s for s in _links(text) if not self._is_allowed(text[s.start : s.end])]
        settled = len(text)
        if not final and (tail := _OPEN_URL.search(text, max(0, len(text) - MAX_URL))) is not None:
            settled = tail.start()
        hits = tuple(_finding("links", "format.url", s, passage) for s in found)
        return Scanned(hits, min([settled, *(s.start for s in found if s.end > settled)]))

    def _is_allowed(self, url: str) -> bool:
        match = _HOST.match(url)
        host = match.group(1).lower() if match else ""
        return any(host == a or host.endswith("." + a) for a in self._allowed)


class CodeDetector:
    """Commands and calls that run or destroy things, in any language of a snippet."""

    info = info_of("code", ("format.code",))

    def scan(self, passage: Passage, *, final: bool = True) -> Scanned:
        text = passage.text
        spans = [s for s in _spans(_CODE, text) if s.end - s.start <= MAX_CODE]
        settled = len(text) if final else _line_of(text, max(0, len(text) - MAX_CODE))
        hits = tuple(_finding("code", "format.code", s, passage) for s in spans)
        return Scanned(hits, min([settled, *(s.start for s in spans if s.end > settled)]))


class LanguageDetector:
    """A sentence in another language (Chinese or English) than the question. Needs no model."""

    info = DetectorInfo(
        "language", ("format.language",), Bilingual("回答语言", "language of the answer")
    )

    async def judge(self, passages: Sequence[Passage]) -> list[tuple[Finding, ...] | Failed]:
        return [self._one(p) for p in passages]

    def _one(self, passage: Passage) -> tuple[Finding, ...]:
        question_language, answer_language = (
            _language(passage.question, 4),
            _language(passage.text, MIN_LETTERS),
        )
        if not question_language or not answer_language or question_language == answer_language:
            return ()
        return (_finding("language", "format.language", Span(0, len(passage.text)), passage),)


def detectors(policy: CompiledPolicy) -> tuple[PatternDetector, ...]:
    hosts = next((w.words for w in policy.lists if w.name == ALLOWED_HOSTS), ())
    return (LinkDetector(hosts), CodeDetector())


def _links(text: str) -> Iterator[Span]:
    end = 0
    for scheme in _spans(_SCHEME, text):
        if scheme.start >= end and (address := _ADDRESS.match(text, scheme.end)):
            end = address.end()
            yield Span(scheme.start, end)


def _spans(pattern: object, text: str) -> Iterator[Span]:
    for m in pattern.finditer(text):  # type: ignore[attr-defined]
        yield Span(m.start(), m.end())


def _finding(detector: str, kind: str, span: Span, passage: Passage) -> Finding:
    return Finding(detector, kind, span, 1.0, Level.HIGH, passage.locus)


def _line_of(text: str, at: int) -> int:
    """The start of the line at `at`; no pattern reaches more than `MAX_CODE` beyond its own
    line."""
    return max(at, text.rfind("\n") + 1) if text.rfind("\n") >= at else at


def _language(text: str, least: int) -> str:
    han = sum("\u3400" <= c <= "\u9fff" for c in text)
    latin = sum(c.isascii() and c.isalpha() for c in text)
    if han + latin / 4 < least / 4:
        return ""
    return "zh" if han > 0.15 * (han + latin) else "en"
