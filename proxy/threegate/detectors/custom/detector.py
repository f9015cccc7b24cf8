"""Detectors from a policy: word lists (Aho-Corasick) and RE2 patterns whose word edges also work
next to CJK. Both keep the prefix stability of `base`: a word is at most as long as the longest of
its list, with the widest gap for each space; a pattern's match is decided within its greatest
width, at most `MAX_SPAN` code points from its start, and the character after it; where the end of a
text begins no match, nothing is held.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

import ahocorasick

from threegate.detectors.base import DetectorInfo, PatternDetector, Scanned, uncrossed
from threegate.detectors.custom.asked import AnyWord, any_of, asked, lowered
from threegate.detectors.custom.gaps import one_blank, original_positions
from threegate.detectors.custom.pattern_matcher import PatternMatcher
from threegate.detectors.custom.phonetic_lists import PhoneticListDetector
from threegate.normalize import plain_text
from threegate.normalize.re2_spans import found
from threegate.normalize.work import meter
from threegate.policy.model import CompiledPolicy, CustomPattern, WordList, agree
from threegate.types import Bilingual, Finding, Layer, Level, Passage, Span

_FEW = 256
"""Largest list for which RE2 first checks whether a text contains any of its words. For English
text without a match this costs a third."""

_FEW_ASKED = 1_024
"""Likewise for all lists of what must not be asked for together."""

_HEAD = 3
"""Characters used to recognise the beginning of a word."""

_HEAD_OF_FEW, _FEW_HEADS = 12, 64
"""The same for so few words that each beginning is compared by itself: in prose nearly every word
begins like one of some sentences by its first characters alone."""

_MAX_KEPT, _MAX_KEPT_WORDS = 64, 2_048
"""Detectors of lists that stay built, and the longest such list: a draft of a policy and the policy
in force have most lists in common."""

_BLANK = re.compile(r"(?<=[a-z0-9]) (?=[a-z0-9])")
"""Between two words of a folded phrase."""


def detectors(policy: CompiledPolicy) -> tuple[PatternDetector, ...]:
    listed = [w for w in policy.lists if w.words]
    asked_for = tuple(w for w in listed if w.match == "asked")
    lists: tuple[PatternDetector, ...] = tuple(_of_list(w, _few(asked_for)) for w in listed)
    lists += tuple(PhoneticListDetector(w) for w in policy.lists if w.words and w.match == "sound")
    return lists + tuple(RegexDetector(p) for p in policy.patterns)


def _few(lists: tuple[WordList, ...]) -> tuple[WordList, ...]:
    return lists if sum(len(each.words) for each in lists) <= _FEW_ASKED else ()


def _of_list(words: WordList, all_asked: tuple[WordList, ...]) -> ListDetector:
    made = _kept if len(words.words) <= _MAX_KEPT_WORDS else _kept.__wrapped__
    return made(words, all_asked if words.match == "asked" else ())


@lru_cache(maxsize=_MAX_KEPT)
def _kept(words: WordList, all_asked: tuple[WordList, ...]) -> ListDetector:
    return ListDetector(words, _any_asked(all_asked))


@lru_cache(maxsize=_MAX_KEPT)
def _any_asked(lists: tuple[WordList, ...]) -> AnyWord | None:
    known = {k for words in lists for k in _known(words)}
    return AnyWord(any_of(known)) if 0 < len(known) <= _FEW_ASKED else None


class ListDetector:
    """All words of one list in one pass, whatever their number. Letter case is ignored. A space in
    a phrase matches any run of spaces or line breaks and, between Latin words, a hyphen or an
    underscore. A list of what must not be asked for finds nothing in answers."""

    def __init__(self, words: WordList, any_asked: AnyWord | None = None) -> None:
        self.info = DetectorInfo(words.kind, (words.kind,), Bilingual(words.name, words.name))
        self._whole = words.match in ("word", "asked")
        self._asked = words.match == "asked"
        self._any_asked = any_asked
        known = _known(words)
        self._any = any_of(known) if len(known) <= _FEW else None
        known |= {_BLANK.sub(sign, word) for word in known for sign in "-_"}
        self._has_blank = any(" " in word for word in known)
        self._longest = max(map(len, known))
        self._automaton = ahocorasick.Automaton()
        for word in known:
            self._automaton.add_word(word, len(word))
        self._automaton.make_automaton()
        self._begins = _beginnings(known)

    def scan(self, passage: Passage, *, final: bool = True) -> Scanned:
        if self._asked and passage.locus.layer is not Layer.INPUT:
            return Scanned((), len(passage.text))
        if self._asked and final and self._any_asked and not self._any_asked.within(passage.text):
            return Scanned((), len(passage.text))
        empty = self._any is not None and not found(self._any, lowered(passage.text))
        if empty and final:
            return Scanned((), len(passage.text))
        folded = _folded(passage.text)
        text = self._read(folded)
        hits = [] if empty else list(_metered(self._automaton.iter(text)))
        spans = list(self._spans(text, hits)) if hits else []
        if final and not spans:
            return Scanned((), len(passage.text))
        original = self._positions(folded)
        settled = original(len(text) if final else self._open_from(text, spans))
        places = [Span(original(s.start), original(s.end - 1) + 1) for s in spans]
        if self._asked:
            places = [p for p in places if asked(folded, p)]
        findings = tuple(_finding(self.info.id, s, passage) for s in places)
        return Scanned(findings, uncrossed(settled, places))

    def settled_without_scan(self, text: str, start: int) -> int:
        folded = _folded(text[start:])
        if self._begins.search(folded) is None:
            return len(text)
        rest = self._read(folded)
        if next(self._automaton.iter(rest), None) is not None:
            return -1
        return start + self._positions(folded)(self._open_from(rest, []))

    def _read(self, folded: str) -> str:
        return one_blank(folded) if self._has_blank else folded

    def _positions(self, folded: str) -> Callable[[int], int]:
        return original_positions(folded) if self._has_blank else int

    def _open_from(self, text: str, spans: list[Span]) -> int:
        """Where a word may have begun that is not finished, or one has ended whose right edge has
        not arrived."""
        length = len(text)
        touching = min((s.start for s in spans if self._whole and s.end == length), default=length)
        for begin in self._begins.finditer(text, max(0, length - self._longest)):
            i = begin.start()
            if self._automaton.longest_prefix(text[i:]) == length - i:
                return min(i, touching)
        return touching

    def _spans(self, text: str, hits: list[tuple[int, int]]) -> Iterator[Span]:
        taken = 0
        for last, length in sorted(hits, key=_leftmost_longest):
            span = Span(last - length + 1, last + 1)
            if span.start >= taken and (not self._whole or _edges(text, span)):
                meter().found()
                taken = span.end
                yield span


def _known(words: WordList) -> set[str]:
    """Its words as texts may have them: folded, as written and as plain text."""
    written = (w for word in words.words for w in (word, plain_text(word)))
    return {f for word in written if (f := one_blank(_folded(word)).strip())}


def _metered(hits: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Hits, counted as work, because a text may consist of nothing else."""
    spend = meter().spend
    for hit in hits:
        spend()
        yield hit


def _beginnings(words: Iterable[str]) -> re.Pattern[str]:
    """Positions where one of the words may begin, judged by its first characters; a gap counts as a
    space."""
    words = set(words)
    heads = {word[:_HEAD_OF_FEW] for word in words}
    if len(heads) <= _FEW_HEADS:
        firsts = sorted({head[0] for head in heads})
        return re.compile("|".join(re.escape(c) + f"(?={_rest(heads, c)})" for c in firsts))
    heads = {word[:_HEAD] for word in words}
    size = min(map(len, heads))
    first, *others = (_one_of(head[n] for head in heads) for n in range(size))
    rest = ""
    for chars in reversed(others):
        rest = rf"(?:{chars}{rest}|\Z)"
    return re.compile(f"{first}(?={rest})")


def _rest(heads: Iterable[str], first: str) -> str:
    """What may follow this first character: the rest of one of the heads, or its beginning at the
    end of the text."""
    tails = {head[1:] for head in heads if head[0] == first}
    if "" in tails:
        return ""
    following = (_one_of(c) + _rest(tails, c) for c in sorted({tail[0] for tail in tails}))
    return rf"(?:{'|'.join(following)}|\Z)"


def _one_of(chars: Iterable[str]) -> str:
    kept = set(chars)
    sign = re.escape("".join(sorted(kept - {" "})))
    return rf"[{sign}\s]\s*" if " " in kept else f"[{sign}]"


def _leftmost_longest(hit: tuple[int, int]) -> tuple[int, int]:
    last, length = hit
    return last - length, -length


class RegexDetector:
    def __init__(self, custom: CustomPattern) -> None:
        self.info = DetectorInfo(custom.kind, (custom.kind,), Bilingual(custom.name, custom.name))
        self._matcher = PatternMatcher(custom.pattern, edges=custom.edges)
        self._level, self._check_digits = custom.level, custom.check_digits

    def scan(self, passage: Passage, *, final: bool = True) -> Scanned:
        text = passage.text
        spans = self._matcher.all(text)
        settled = len(text) if final else self._matcher.open_from(text)
        right = (s for s in spans if agree(self._check_digits, text[s.start : s.end]))
        findings = (_finding(self.info.id, s, passage, self._level) for s in right)
        return Scanned(tuple(findings), uncrossed(settled, spans))


def _finding(kind: str, span: Span, passage: Passage, level: Level = Level.HIGH) -> Finding:
    return Finding(kind, kind, span, 1.0, level, passage.locus)


def _folded(text: str) -> str:
    """Lower case where that keeps the length (it does for all but a few letters)."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(map(_lower_one, text))


def _lower_one(char: str) -> str:
    lower = char.lower()
    return lower if len(lower) == 1 else char


def _edges(text: str, span: Span) -> bool:
    """No ASCII word continues beyond the span; an adjacent Han character does not matter."""
    before = span.start > 0 and _joined(text[span.start - 1], text[span.start])
    before = before and text[max(0, span.start - 2) : span.start] not in (r"\n", r"\r", r"\t")
    return not before and not (span.end < len(text) and _joined(text[span.end - 1], text[span.end]))


def _joined(left: str, right: str) -> bool:
    return all(c.isascii() and (c.isalnum() or c == "_") for c in (left, right))
