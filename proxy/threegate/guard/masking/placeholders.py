"""Finds placeholders in what a model writes. It may change their case, brackets, spaces or width.

Prefix stability as in `detectors.base`: text before the open position cannot become part of a
placeholder.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import Any

import re2

from threegate.guard.masking.mask import ALPHABET, CODE_LENGTH, Masked, MaskMap, bare_word
from threegate.normalize.re2_spans import start_of
from threegate.types import Span, frozen


@frozen
class Placeholder:
    """A placeholder as the model wrote it."""

    span: Span
    masked: Masked


@frozen
class _Code:
    """The letters of a placeholder and where they are."""

    text: str
    start: int
    end: int


_OPEN, _CLOSE = frozenset("[［【〔"), frozenset("]］】〕")
"""Brackets that count as part of the placeholder if both are present. Others stay: in `(CODE)`,
`Jane <CODE>` or `\\textbf{CODE}` the model has left its own out and these belong to the text."""
_OPEN_IN_URL, _CLOSE_IN_URL = "%5B", "%5D"
_BEFORE_CODE = _OPEN | frozenset("%5Bb％５Ｂｂ")
"""With white space: the possible end of a text in which a bracket has begun."""
_BRACKET = 3
"""The most characters of a bracket, including a space inside it or its escaped form."""
_GAP, _GAP_MAX = frozenset("_＿-－·.@\\*"), 2
"""The most of these characters, or of white space, that a model may put between two characters of a
code."""


def _fold(text: str) -> str:
    """Full-width ASCII to ASCII, upper case; length is kept."""
    return text.translate(_NARROW)


_NARROW = {0xFF01 + i: 0x21 + i for i in range(94)} | {c: c - 32 for c in range(0x61, 0x7B)}
_NARROW |= {0xFF41 + i: 0x41 + i for i in range(26)}


class PlaceholderFinder:
    """Finds the placeholders of one map in text that arrives in pieces.

    An RE2 search for the word of each kind and the shape of a code, the same for every
    conversation, says where to begin; only from there on is each position examined.
    """

    def __init__(self, masks: MaskMap) -> None:
        back = [m for m in masks.entries() if m.restore is not None]
        never = {m.bare for m in masks.entries() if m.restore is None}
        codes = {code: m for m in reversed(back) if (code := m.code) not in never}
        self._values = codes | {m.bare: m for m in back}
        self._codes = sorted(self._values)
        self._lengths = sorted({len(code) for code in self._codes}, reverse=True)
        self._firsts = frozenset(code[0] for code in self._codes)
        self._first = _beginning(self._firsts)
        self._heads = tuple(_heads_of(back))
        self._longest = max(self._lengths, default=0)
        self._reach = _BRACKET + self._longest * (1 + _GAP_MAX)  # of a part without its head

    def __bool__(self) -> bool:
        return bool(self._values)

    def find(self, text: str, start: int, *, final: bool) -> tuple[list[Placeholder], int]:
        """Placeholders from `start` on, and the position before which nothing can change."""
        out: list[Placeholder] = []
        if not self._values:
            return out, len(text)
        at = self._begin(text, start, final=final)
        base = max(0, at - 1)  # the character before a code decides whether it is one
        if self._first.search(text, base) is None:
            return out, len(text) if final else _open_end(text, at)
        folded = _fold(text[base:])
        while (code := self._next(folded, at - base, final=final)) is not None:
            masked, opened = self._values[code.text], code.start
            if not masked.synthetic:
                opened = _opened(folded, at - base, code.start)
            if not final and code.end + _BRACKET > len(folded):
                return out, opened + base
            start, end = _with_brackets(folded, opened, code)
            out.append(Placeholder(Span(start + base, end + base), masked))
            at = end + base
        return out, len(text) if final else _open_end(text, at)

    def _begin(self, text: str, start: int, *, final: bool) -> int:
        """No placeholder from `start` on begins before this position, complete or partial (partial
        only while the text continues)."""
        if not final and start >= len(text) - self._reach:
            return start
        data = text[start:].encode()
        heads = [at for head in self._heads if (at := start_of(head, data)) >= 0]
        found = start + len(data[: min(heads)].decode()) - _BRACKET if heads else len(text)
        return max(start, found if final else min(found, len(text) - self._reach))

    def _next(self, folded: str, start: int, *, final: bool) -> _Code | None:
        """The next code; if the end of the text cuts it off, it ends there."""
        for at in range(start, len(folded)):
            if folded[at] in self._firsts and _free(folded, at):
                code, end = self._code_at(folded, at, final=final)
                if code:
                    return _Code(code, at, end)
        return None

    def _code_at(self, folded: str, at: int, *, final: bool) -> tuple[str, int]:
        """The longest code that begins at `at`, and its end; if the end of the text cuts it off, it
        ends there."""
        spelled, ends, cut_off = _spelled(folded, at, self._longest)
        if cut_off and not final and (begun := self._begun(spelled)):
            return begun, len(folded)
        for length in self._lengths:
            if length <= len(spelled) and spelled[:length] in self._values:
                end = ends[length - 1]
                if not (folded[end : end + 1].isascii() and folded[end : end + 1].isalnum()):
                    return spelled[:length], end
        return "", 0

    def _begun(self, prefix: str) -> str:
        """A longer code that begins with `prefix`; empty if there is none."""
        after = bisect_right(self._codes, prefix)
        found = self._codes[after] if after < len(self._codes) else ""
        return found if found.startswith(prefix) else ""


def _spelled(folded: str, at: int, longest: int) -> tuple[str, list[int], bool]:
    """The letters and digits from `at` on that are separated by small gaps only, where each ends,
    and whether more may follow."""
    spelled: list[str] = []
    ends: list[int] = []
    while len(spelled) < longest:
        for _ in range(_GAP_MAX if spelled else 0):
            at += at < len(folded) and (folded[at] in _GAP or folded[at].isspace())
        if at == len(folded):
            return "".join(spelled), ends, True
        if not folded[at].isalnum():
            break
        spelled.append(folded[at])
        at += 1
        ends.append(at)
    return "".join(spelled), ends, False


def _with_brackets(folded: str, opened: int, code: _Code) -> tuple[int, int]:
    """The span from the bracket at `opened` to the one after the code, or only the code if one of
    them is missing; the end of the text may have cut off the second."""
    closed = _closed(folded, code.end)
    if opened < code.start and (closed > code.end or closed == len(folded)):
        return opened, closed
    return code.start, code.end


def _opened(folded: str, start: int, at: int) -> int:
    """`at`, or the opening bracket before it with at most one space between, not before `start`."""
    if at - start >= _BRACKET and folded.startswith(_OPEN_IN_URL, at - _BRACKET):
        return at - _BRACKET
    bracket = at - 2 if at - start > 1 and folded[at - 1].isspace() else at - 1
    return bracket if bracket >= start and folded[bracket] in _OPEN else at


def _open_end(text: str, start: int) -> int:
    """Where a bracket at the end may be the beginning of a placeholder, not before `start`; else
    the end."""
    last = text[-1:]
    if last not in _BEFORE_CODE and not last.isspace():
        return len(text)
    base = max(start, len(text) - _BRACKET)
    folded = _fold(text[base:])
    end = len(folded)
    half = next((n for n in (2, 1) if folded.endswith(_OPEN_IN_URL[:n])), 0)
    return base + (end - half if half else _opened(folded, 0, end))


def _free(folded: str, at: int) -> bool:
    """Whether a word may begin here."""
    if at == 0 or not _in_word(folded[at - 1]):
        return True
    return at >= _BRACKET and folded.startswith(_OPEN_IN_URL, at - _BRACKET)


def _closed(folded: str, at: int) -> int:
    if folded.startswith(_CLOSE_IN_URL, at):
        return at + _BRACKET
    bracket = at + 1 if folded[at : at + 1].isspace() else at
    return bracket + 1 if folded[bracket : bracket + 1] in _CLOSE else at


def _in_word(char: str) -> bool:
    return char == "_" or (char.isascii() and char.isalnum())


@lru_cache(maxsize=256)  # made-up values may begin with any letters
def _beginning(firsts: frozenset[str]) -> re.Pattern[str]:
    """Where a code may begin: each place that is `_free` and has one of these letters."""
    letters = "".join(sorted(map(_either, firsts)))
    bracket = "".join(f"[{_either(c)}]" for c in _OPEN_IN_URL)
    return re.compile(rf"(?<![A-Za-z0-9_])[{letters}]|{bracket}" if firsts else r"(?!)")


def _heads_of(back: Iterable[Masked]) -> Iterator[Any]:
    """RE2 patterns, one of which matches where a placeholder of these values begins."""
    made_up, words = set[str](), set[str]()
    for masked in back:
        if masked.synthetic:
            made_up.add(masked.bare[:_HEAD])
        else:
            words.add(bare_word(masked.kind))
    if words & _FREQUENT:
        yield _head(_FREQUENT)
    yield from (_head(frozenset((word,))) for word in words - _FREQUENT)
    if made_up:  # of one conversation, so never cached
        yield re2.compile("|".join(sorted(_loose(list(map(_letter, head))) for head in made_up)))


@cache
def _head(words: frozenset[str]) -> Any:
    """The word of one of these kinds and the letters of a code with possible gaps."""
    spelled = "|".join(_loose(list(map(_letter, word))) for word in sorted(words))
    return re2.compile(_loose([f"(?:{spelled})", *[_CODE_LETTER] * CODE_LENGTH]))


def _loose(letters: list[str]) -> str:
    return rf"[\t-\r\x1c-\x20\x85\pZ_＿\-－·.@\\*]{{0,{_GAP_MAX}}}".join(letters)


def _letter(char: str) -> str:
    """A character as it is, in lower case and full width."""
    return f"[{_either(char)}]"


def _either(char: str) -> str:
    both = char + char.lower()
    return both + "".join(chr(ord(c) + 0xFEE0) for c in both)


_HEAD = 2
_FREQUENT = frozenset(
    map(bare_word, ("email", "phone", "mobile", "id_card", "bank_card", "ssn", "address"))
)
"""Words of kinds that often occur together. One pattern finds them all, so that a text is read once
for them; one for each set of kinds would accumulate for ever. No short words: `ip` is found in
"script.sh for", and from such a place on each position is examined."""
_CODE_LETTER = f"[{''.join(_letter(c)[1:-1] for c in ALPHABET)}]"
