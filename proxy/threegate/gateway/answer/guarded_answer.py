"""The texts of one answer: their machines, the order in which they leave, and what ended the
answer.

A completed judgement sets `changed`, so that released text goes out at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from weakref import proxy

from threegate.detectors.detector_set import DetectorSet
from threegate.errors import UpstreamError
from threegate.gateway.answer.answer_context import AnswerContext, NearbyTexts
from threegate.gateway.answer.guarded_text import GuardedText, TextOptions
from threegate.gateway.answer.output_contract import Gate
from threegate.gateway.answer.protocol_words import WordChecks, stops_answer
from threegate.gateway.answer.text_checks import HarmlessTexts
from threegate.guard.output import OutputGuard
from threegate.guard.stream.events import UNLIMITED, CheckStep, JudgeSentence
from threegate.guard.stream.release_order import Piece, ReleaseOrder
from threegate.i18n.messages import localized
from threegate.tasks import LoopTurns, Tasks
from threegate.types import Channel, Finding, Layer, Passage, Ruling, TextLocation, frozen
from threegate.wire.adapter import Body, StreamKey
from threegate.wire.frame_codec import FIELD_PARTS
from threegate.wire.limits import MAX_RESPONSE_BYTES

MAX_HELD, MAX_JUDGING = 8192, 32
"""Limits on the waiting code points of one text and on running judgements. Beyond them nothing more
is read: it would wait for the classifiers longer than rules allow, and make other calls wait."""


@frozen
class CalledTool:
    """The tool whose arguments a text contains, and the gate that they must pass."""

    name: str = ""
    gate: Gate | None = None


NO_TOOL = CalledTool()
NO_OPTIONS = TextOptions()


@dataclass(slots=True, weakref_slot=True)
class GuardedAnswer:
    """All texts of one answer. `keep` stores them, for the audit log or to be counted; `options`
    says how a text is shown; `cut` is what stopped the answer.

    Its texts hold a weak reference to it, so that everything is freed with the call; reference
    cycles would stay in memory until Python collects them."""

    guard: OutputGuard
    detector_set: DetectorSet
    context: AnswerContext
    keep: bool = False
    options: Callable[[StreamKey], TextOptions] = lambda key: NO_OPTIONS
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: Tasks = field(default_factory=Tasks)
    turns: LoopTurns = field(default_factory=LoopTurns)
    texts: dict[StreamKey, GuardedText] = field(default_factory=dict)
    calls: dict[StreamKey, CalledTool] = field(default_factory=dict)
    ruled: list[Ruling] = field(default_factory=list, repr=False)
    harmless: HarmlessTexts = field(default_factory=HarmlessTexts, repr=False)
    cut: Ruling | None = None
    closed: bool = False  # all texts end at their current position
    spent_s: float = 0.0  # in scans and judgements; simultaneous ones add up
    _released_texts: list[GuardedText] = field(default_factory=list, repr=False)  # with `keep` only
    _released_chars: int = 0
    _released_keys: set[StreamKey] = field(default_factory=set)
    _received_chars: int = 0  # without texts of fields
    _latest: GuardedText | None = field(default=None, repr=False)
    _order: ReleaseOrder = field(default_factory=ReleaseOrder, repr=False)
    _nearby: NearbyTexts = field(init=False, repr=False)
    _words: WordChecks = field(init=False, repr=False)
    _noted: list[tuple[int, str]] = field(default_factory=list)  # choices and rules with notes
    _stop: Ruling | None = None  # ends the answer when all texts before it have left

    def __post_init__(self) -> None:
        self._nearby = NearbyTexts(self._order, self._released_keys)
        self._words = WordChecks(self.guard, self.detector_set, self.context)

    def text(self, key: StreamKey) -> GuardedText:
        """The text for a key, created on first use."""
        known = self.texts.get(key)
        if known is None:
            if key in self._released_keys:
                raise UpstreamError(localized("event-shape"))  # more text after its end
            known = self.texts[key] = self._made(key)
            if self._order.head is not None:
                known.allow_release(0)
            self._nearby.add(known)
        return known

    def _made(self, key: StreamKey) -> GuardedText:
        channel = key.channel if key.channel in self.guard.channels else Channel.CONTENT
        part = f"/{key.part}" if key.part else ""
        locus = TextLocation(Layer.OUTPUT, channel, part=part, choice=key.choice)
        guard, called = self.guard.channels[channel], self.calls.pop(key, NO_TOOL)
        fast_path = self.detector_set.patterns.fast_path(guard.pattern_kinds)
        sources = bool(self.context.sources)
        release_early = key.part < FIELD_PARTS and guard.releases_early(sources=sources)
        machine = self.guard.machine(channel, called.name, fast_path, release_early=release_early)
        options = self.options(key)
        if called.gate is not None:
            options = replace(options, gate=called.gate)
        return GuardedText(key, locus, machine, guard, proxy(self), options)

    def at(self, locus: TextLocation, key: StreamKey) -> GuardedText:
        """The text of a slot of a whole answer, where the place is known."""
        text = self.text(key)
        text.locus = locus
        return text

    def forget(self, key: StreamKey) -> None:
        """Drops the state of a text that was released in full: a stream may bring any number."""
        text = self.texts.pop(key)
        self._order.forget(key)
        if not text.is_field:
            self._released_keys.add(key)
        self._released_chars += text.machine.received
        if self.keep:
            self._released_texts.append(text)

    def all_texts(self) -> Iterator[GuardedText]:
        """The texts that have left (as far as they are kept), and the others."""
        yield from self._released_texts
        yield from self.texts.values()

    @property
    def received(self) -> int:
        """Code points of all texts so far."""
        return self._released_chars + sum(t.machine.received for t in self.texts.values())

    @property
    def full(self) -> bool:
        """Whether so much is waiting for judgements that reading should pause."""
        judging, latest = len(self.tasks), self._latest
        if self.ending or not judging:
            return False
        return judging > MAX_JUDGING or (latest is not None and latest.machine.held > MAX_HELD)

    def count(self, chars: int) -> None:
        """Raises UpstreamError if an answer has more text than any model writes."""
        self._received_chars += chars
        if self._received_chars > MAX_RESPONSE_BYTES:
            raise UpstreamError(localized("answer-large"))

    # Order

    def arrived(self, text: GuardedText, to: int) -> None:
        """A piece of a text has arrived, or its end."""
        self._latest = text
        limited = self._order.arrived(text.key, to)
        if limited is not None and (head := self.texts.get(limited.key)) is not None:
            head.allow_release(limited.to)
        if not self._order.alone:
            self.advance()

    def advance(self) -> None:
        """Advances to the next piece as long as the current one is decided."""
        if self._order.alone and self._stop is None:
            return
        while self.cut is None and (head := self._order.head) is not None:
            if self._order.alone or not self._is_decided(head):
                break
            if (following := self._order.next()) is not None:
                to = UNLIMITED if self._order.alone else following.to
                self.texts[following.key].allow_release(to)
        if self._stop is not None and self.cut is None and self.all_decided:
            self.cut = self._stop

    def progress(self) -> None:
        """A judgement is complete: whatever it releases is sent."""
        self.advance()
        self.changed.set()

    def _is_decided(self, piece: Piece) -> bool:
        text = self.texts.get(piece.key)
        return text is None or text.machine.decided >= piece.to

    @property
    def all_decided(self) -> bool:
        """Whether nothing is awaited, provided that no text continues."""
        head = self._order.head
        return head is None or (self._order.alone and self._is_decided(head))

    def close(self) -> None:
        """The texts end at their current position."""
        self.closed = True
        for text in list(self.texts.values()):
            text.close()

    # Ends

    @property
    def stopping(self) -> bool:
        """The answer ends after the texts that have come so far."""
        return self._stop is not None

    @property
    def ending(self) -> bool:
        """Whatever comes from now on is ignored."""
        return self.cut is not None or self._stop is not None

    def stop(self, ruled: Ruling) -> None:
        """A gate's ruling ends the answer; only the first one counts."""
        self.ruled.append(ruled)
        self.cut = self.cut or ruled

    def stop_after_received(self, ruled: Ruling) -> None:
        """The same, after all texts that have come so far."""
        self.ruled.append(ruled)
        self._stop_after_received(ruled)

    def _stop_after_received(self, ruled: Ruling) -> None:
        self._stop = self._stop or ruled
        self.close()
        self.advance()

    async def abandon(self) -> None:
        for text in self.texts.values():
            text.abandon()
        await self.tasks.cancel()

    # Notes

    def first_notes(self, choice: int, rules: Iterable[str]) -> list[str]:
        """Those of the rules that have written no note beneath this choice yet; now they have."""
        new = [rule for rule in rules if (choice, rule) not in self._noted]
        self._noted += [(choice, rule) for rule in new]
        return new

    @property
    def noted(self) -> tuple[str, ...]:
        """The rules that have written notes."""
        return tuple(dict.fromkeys(rule for _, rule in self._noted))

    # Judging

    def passage(self, text: GuardedText, sentence: JudgeSentence) -> Passage:
        """A sentence with its context for judging."""
        context, nearby = self.context, self._nearby.of(text, sentence)
        return Passage(
            text.locus, sentence.text, sentence.offset, sentence.before, nearby, context.question,
            context.sources, sentence.clear, context.counted,
        )  # fmt: skip

    def step_passage(self, text: GuardedText, step: CheckStep) -> Passage:
        """A step of a text with its context for checking."""
        question = self.context.question if step.with_question else ""
        nearby = self._nearby.of(text, step)
        return Passage(text.locus, step.text, step.offset, step.before, nearby, question)

    def check_words(self, body: Body) -> bool:
        """Removes from ids and names what patterns find in them, in place. True if any was
        changed."""
        if (ruled := self._words.check(body)) is None:
            return False
        self.ruled += ruled
        if stops := [r for r in ruled if stops_answer(r)]:
            self._stop_after_received(stops[0])
        return True

    def remember_corrections(self, ruled: Sequence[Ruling]) -> None:
        """The sentence of the source for each claim that contradicts it."""
        for ruling in ruled:
            match ruling.finding:
                case Finding(kind="claim.contradicted", note=note) if note:
                    self.guard.corrections[note] = self.context.evidence(note)
