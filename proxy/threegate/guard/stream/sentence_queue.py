"""The sentences of a stream on their way to a verdict. Pure.

A text that may leave before its sentences end (`early_release`) is checked in steps first: a
sentence is then judged when its steps have been checked.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from threegate.guard.segments import sentences
from threegate.guard.stream.client_view import ClientView
from threegate.guard.stream.early_release import EarlyRelease, needs_question
from threegate.guard.stream.events import CheckStep, Command, JudgeSentence
from threegate.guard.stream.text import StreamText
from threegate.types import Span, frozen

_NO_VIEW = ClientView()


@frozen
class AwaitedSentence:
    """A sentence whose verdict has arrived: what was judged, where it begins, and the position
    before which its text may have left."""

    view: ClientView
    start: int
    clear_until: int


@dataclass(slots=True)
class SentenceQueue:
    """`early` is None if text waits for the verdict on its sentence."""

    text: StreamText
    early: EarlyRelease | None = field(default=None, repr=False)
    segmented: int = field(default=0, init=False)  # the end of the last sentence
    _ends: list[int] = field(default_factory=list, init=False, repr=False)
    _waiting: dict[int, ClientView] = field(default_factory=dict, init=False, repr=False)
    _steps: deque[tuple[int, Span]] = field(default_factory=deque, init=False, repr=False)
    _unchecked: deque[JudgeSentence] = field(default_factory=deque, init=False, repr=False)
    _clear: set[int] = field(default_factory=set, init=False)  # sentences that are not held
    _first_held: int = field(default=0, init=False)  # no sentence before it is held

    def __bool__(self) -> bool:
        """Whether a verdict is awaited."""
        return bool(self._waiting)

    def commands(self, *, final: bool) -> list[Command]:
        """What to judge and check in the text that has arrived. `final`: it has ended."""
        complete = list(self._complete(final=final))
        if self.early is None:
            return [*complete]
        self._unchecked += complete
        return [*self._check_steps(self.early, final=final), *self._checked_sentences()]

    def step_checked(self, number: int, *, clear: bool) -> list[Command]:
        if self.early is None:
            return []
        self.early.checked(number, clear=clear)
        return self._checked_sentences()

    def judged(self, index: int) -> AwaitedSentence:
        view = self._waiting.pop(index, _NO_VIEW)
        start = self._ends[index - 1] if index else 0
        clear_until = 0
        if self.early is not None and index not in self._clear:
            clear_until = self.early.clear_until(start)
        self._clear.discard(index)
        return AwaitedSentence(view, start, clear_until)

    def judged_until(self) -> int:
        """The position before which everything has its verdict or is clear."""
        first = self._first_held
        while first < len(self._ends) and (first not in self._waiting or first in self._clear):
            first += 1
        self._first_held = first
        at = self._ends[first - 1] if first else 0
        return at if self.early is None else self.early.clear_until(at)

    def _complete(self, *, final: bool) -> Iterator[JudgeSentence]:
        text = self.text
        for s in sentences(text.stable(), self.segmented - text.base, final=final):
            index, start = len(self._ends), text.base + s.start
            end = self.segmented = text.base + s.end
            self._ends.append(end)
            if text.text[s.start : s.end].strip():
                view = self._waiting[index] = text.view(start, end)
                yield JudgeSentence(index, view.text, start, end, text.context(start))

    def _check_steps(self, early: EarlyRelease, *, final: bool) -> Iterator[CheckStep]:
        """The complete steps that must be checked. A blank step is clear."""
        self._steps += early.steps(self.text.stable(), self.text.base, final=final)
        while self._steps and (matters := self._matters(early, self._steps[0][1])) is not None:
            number, at = self._steps.popleft()
            text = self.text.view(at.start, at.end).text
            if matters and text.strip():
                before, asked = self.text.context(at.start), needs_question(number)
                yield CheckStep(number, text, at.start, at.end, before, asked)
            else:  # a step left unchecked in a held sentence is not clear
                early.checked(number, clear=matters)

    def _matters(self, early: EarlyRelease, at: Span) -> bool | None:
        """Whether anything depends on a step; not if it lies in a sentence that is held anyway.
        None while such a sentence continues."""
        nth = bisect_right(self._ends, at.start)
        start = self._ends[nth - 1] if nth else 0
        if not early.has_unclear(start, at.start):
            return True
        return at.end > self._ends[nth] if nth < len(self._ends) else None

    def _checked_sentences(self) -> list[Command]:
        """Sentences whose steps have all been checked."""
        out: list[Command] = []
        while self.early is not None and self._unchecked:
            asked = self._unchecked[0]
            clear = self.early.is_clear(asked.offset, asked.end)
            if clear is None:
                break
            if clear:
                self._clear.add(asked.index)
            out.append(replace(self._unchecked.popleft(), clear=clear))
        return out
