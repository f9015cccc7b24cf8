"""Finds values that are split between two text parts of one turn, such as a document in pieces. A
model reads the parts as one text. So where one part ends and the next begins inside a word with a
digit or an @, their edges are read as one, by pattern detectors only. A finding across such a joint
becomes one finding in each part; each is masked separately and restored as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from threegate.detectors.dedupe import distinct
from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.engine.budget import Budget
from threegate.detectors.judged_texts import Judgement
from threegate.gateway.request.cross_turn import FAMILIES
from threegate.types import Finding, Passage, Span
from threegate.wire.adapter import Slot

EDGE = 512
"""Code points of a part's end, and of its beginning, that are read with its neighbours."""

_INDEX = re.compile(r"/[0-9]+(?=/)")
_LONGEST = 64
_WORD_BEFORE, _WORD_AFTER = re.compile(r"[!-~]+\Z"), re.compile(rf"[!-~]{{1,{_LONGEST}}}")
_VALUED = re.compile("[0-9@]")
_REST_OF_WORD = re.compile("[!-~]*")
_CUT = "\n\n\n"


@dataclass(frozen=True, slots=True)
class _Piece:
    """The part of a slot's text that is read, from `offset` on; it begins at `at` in the
    joined text."""

    slot: int
    offset: int
    at: int
    size: int


@dataclass(slots=True)
class _Joined:
    """The edges of neighbouring parts as one text."""

    texts: list[str] = field(default_factory=list, repr=False)
    pieces: list[_Piece] = field(default_factory=list)
    size: int = 0

    @property
    def text(self) -> str:
        return "".join(self.texts)

    def add(self, slot: int, text: str) -> None:
        if len(text) <= 2 * EDGE:
            self._append(slot, 0, text)
            return
        self._append(slot, 0, text[:EDGE])
        self._grow(_CUT)
        start = len(text) - EDGE
        word = _REST_OF_WORD.match(text, start)
        if word and word.end() < len(text):
            start = word.end()
        self._append(slot, start, text[start:])

    def _append(self, slot: int, offset: int, text: str) -> None:
        self.pieces.append(_Piece(slot, offset, self.size, len(text)))
        self._grow(text)

    def _grow(self, text: str) -> None:
        self.texts.append(text)
        self.size += len(text)

    def parts(self, span: Span) -> Iterator[tuple[int, Span]]:
        """The parts of a span by slot, in positions of each slot's text."""
        for piece in self.pieces:
            start, end = max(span.start, piece.at), min(span.end, piece.at + piece.size)
            if start < end:
                moved = piece.offset - piece.at
                yield piece.slot, Span(start + moved, end + moved)


async def with_parted_values(
    detector_set: DetectorSet,
    slots: Sequence[Slot],
    judged: Sequence[Judgement],
    patterns: frozenset[str],
    budget: Budget,
) -> list[Judgement]:
    """The judgements on these texts, with the values that span two of them."""
    out, turns = list(judged), list(_turns(slots))
    if not turns:
        return out
    wanted = frozenset(k for k in patterns if k.split(".")[0] not in FAMILIES)
    if wanted:
        passages = [Passage(slots[t.pieces[0].slot].locus, t.text) for t in turns]
        read = await detector_set.check(passages, wanted, {}, budget)
        for turn, judgement in zip(turns, read, strict=True):
            _add(out, slots, turn, judgement)
    return out


def _add(out: list[Judgement], slots: Sequence[Slot], turn: _Joined, judgement: Judgement) -> None:
    for finding in judgement.findings:
        parts = list(turn.parts(finding.span))
        if len({n for n, _ in parts}) > 1:
            for n, span in parts:
                here = replace(finding, span=span, locus=slots[n].locus)
                out[n] = _with(out[n], here)
    if judgement.failures:
        first = turn.pieces[0].slot
        out[first] = replace(out[first], failures=(*out[first].failures, *judgement.failures))


def _with(judgement: Judgement, finding: Finding) -> Judgement:
    """Drops what a part of the value looked like by itself. A finding that reaches further stays,
    otherwise the rest of it would pass unchanged."""
    span = finding.span
    others = [
        f
        for f in judgement.findings
        if f.span.start < span.start or span.end < f.span.end
        or f.kind.split(".")[0] in FAMILIES
    ]  # fmt: skip
    return replace(judgement, findings=distinct((*others, finding)))


def _turns(slots: Sequence[Slot]) -> Iterator[_Joined]:
    """Each run of neighbouring parts of a turn between which a value may be split."""
    numbered = [n for n, slot in enumerate(slots) if slot.pointer.endswith("/text")]
    for _, group in groupby(numbered, lambda n: _turn_of(slots[n])):
        run: list[int] = []
        for n in group:
            if run and not _is_cut(slots[run[-1]].text, slots[n].text):
                yield from _joined(slots, run)
                run = []
            run.append(n)
        yield from _joined(slots, run)


def _turn_of(slot: Slot) -> tuple[int | None, str]:
    return slot.locus.message, _INDEX.sub("/*", slot.pointer)


def _is_cut(before: str, after: str) -> bool:
    """Whether a word with a digit or an @ continues from one text into the next."""
    last, first = _WORD_BEFORE.search(before, len(before) - _LONGEST), _WORD_AFTER.match(after)
    return bool(last and first and _VALUED.search(last[0] + first[0]))


def _joined(slots: Sequence[Slot], run: Sequence[int]) -> Iterator[_Joined]:
    if len(run) > 1:
        joined = _Joined()
        for n in run:
            joined.add(n, slots[n].text)
        yield joined
