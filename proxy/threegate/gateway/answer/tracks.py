"""The texts of one answer: their machines, in which order they leave, and what ended the answer.

A completed judgement sets `changed`, so that released text goes out at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from threegate.detectors.detector_set import DetectorSet
from threegate.errors import UpstreamError
from threegate.gateway.answer.output_contract import Gate
from threegate.gateway.answer.protocol_words import MAX_WORD, words_of
from threegate.gateway.answer.track import HarmlessTexts, Track, TrackOptions
from threegate.guard.client_text import NO_TEXT, ClientText
from threegate.guard.events import UNLIMITED, CheckStep, JudgeSentence
from threegate.guard.output import OutputGuard
from threegate.guard.redact import TERMINAL, edited
from threegate.guard.release_order import ReleaseOrder, Turn
from threegate.guard.stream_text import CONTEXT
from threegate.i18n.messages import localized
from threegate.tasks import Tasks
from threegate.types import Channel, Finding, Layer, Passage, Ruling, Source, TextLocation, frozen
from threegate.wire.adapter import Body, StreamKey
from threegate.wire.frame_codec import FIELD_PARTS

NEARBY, NEARBY_TEXTS = 200, 3
"""Code points of another text of the answer that a sentence is judged with, and of how many."""
MAX_CLEAN_WORDS = 4096
"""Ids of one answer that are remembered as checked."""
MAX_NEARBY = 64
"""Texts of one answer that are judged with each other."""


@dataclass(frozen=True)
class AnswerContext:
    """What the answer is about: the last user turn, the texts that claims may rest on, all texts of
    the request as the client sent them, and the constitution that was added to them. `counted` as
    in `Passage`."""

    text: str = field(default="", repr=False)
    sources: tuple[Source, ...] = field(default=(), repr=False)
    request_text: str = field(default="", repr=False)
    constitutions: tuple[str, ...] = field(default=(), repr=False)
    counted: tuple[frozenset[str], ...] = ()

    @cached_property
    def sent(self) -> ClientText:
        return ClientText.of(self.request_text, self.constitutions)

    def evidence(self, note: str) -> str:
        """The text that `source id:start-end` points to; empty if it points nowhere."""
        source_id, _, place = note.rpartition(":")
        start, _, end = place.partition("-")
        text = next((s.text for s in self.sources if s.id == source_id), "")
        return text[int(start) : int(end)] if start.isdigit() and end.isdigit() else ""


@frozen
class CalledTool:
    """The tool whose arguments a text is, and what they must pass."""

    name: str = ""
    gate: Gate | None = None


NO_TOOL = CalledTool()
NO_OPTIONS = TrackOptions()


@dataclass(slots=True)
class AnswerTracks:
    """All tracks of one answer. `keep` stores texts, for the audit log or to be counted; `options`
    says how a text is shown; `cut` is what stopped the answer."""

    guard: OutputGuard
    detector_set: DetectorSet
    question: AnswerContext
    keep: bool = False
    options: Callable[[StreamKey], TrackOptions] = lambda key: NO_OPTIONS
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: Tasks = field(default_factory=Tasks)
    tracks: dict[StreamKey, Track] = field(default_factory=dict)
    calls: dict[StreamKey, CalledTool] = field(default_factory=dict)
    ruled: list[Ruling] = field(default_factory=list, repr=False)
    cut: Ruling | None = None
    closed: bool = False  # all texts end where they are
    spent_s: float = 0.0  # in scans and judgements, those at the same time added up
    _left: list[Track] = field(default_factory=list, repr=False)  # with `keep` only
    _left_chars: int = 0
    _gone: set[StreamKey] = field(default_factory=set)
    _spoken: list[Track] = field(default_factory=list, repr=False)
    _order: ReleaseOrder = field(default_factory=ReleaseOrder, repr=False)
    _stop: Ruling | None = None  # ends the answer when all texts before it have left
    _clean_words: set[str] = field(default_factory=set, repr=False)
    harmless: HarmlessTexts = field(default_factory=HarmlessTexts, repr=False)

    def track(self, key: StreamKey) -> Track:
        """The track of a text, made on first use."""
        known = self.tracks.get(key)
        if known is None:
            if key in self._gone:
                raise UpstreamError(localized("event-shape"))  # more text after its end
            known = self.tracks[key] = self._made(key)
            if self._order.head is not None:
                known.may_leave(0)
            is_spoken = not known.is_field and key.channel is not Channel.TOOL_ARGUMENTS
            if is_spoken and len(self._spoken) < MAX_NEARBY:
                self._spoken.append(known)
        return known

    def _made(self, key: StreamKey) -> Track:
        channel = key.channel if key.channel in self.guard.channels else Channel.CONTENT
        part = f"/{key.part}" if key.part else ""
        locus = TextLocation(Layer.OUTPUT, channel, part=part, choice=key.choice)
        guard, called = self.guard.channels[channel], self.calls.pop(key, NO_TOOL)
        fast_path = self.detector_set.fast_path(guard.pattern_kinds)
        release_early = key.part < FIELD_PARTS and guard.releases_early(
            sources=bool(self.question.sources)
        )
        machine = self.guard.machine(channel, called.name, fast_path, release_early=release_early)
        options = self.options(key)
        if called.gate is not None:
            options = replace(options, gate=called.gate)
        return Track(key, locus, machine, guard, self, options)

    def at(self, locus: TextLocation, key: StreamKey) -> Track:
        """The track of a slot of a whole answer, which knows its own place."""
        track = self.track(key)
        track.locus = locus
        return track

    def forget(self, key: StreamKey) -> None:
        """Drops the state of a text that was released in full: a stream may bring any number."""
        track = self.tracks.pop(key)
        self._order.forget(key)
        if not track.is_field:
            self._gone.add(key)
        self._left_chars += track.machine.received
        if self.keep:
            self._left.append(track)

    def all_tracks(self) -> Iterator[Track]:
        """Those that have left, as far as they are kept, and the others."""
        yield from self._left
        yield from self.tracks.values()

    @property
    def received(self) -> int:
        """Code points of all texts so far."""
        return self._left_chars + sum(t.machine.received for t in self.tracks.values())

    # Order

    def arrived(self, track: Track, to: int) -> None:
        """A piece of a text is here, or its end."""
        limited = self._order.arrived(track.key, to)
        if limited is not None and (head := self.tracks.get(limited.key)) is not None:
            head.may_leave(limited.to)
        if not self._order.alone:
            self.advance()

    def advance(self) -> None:
        """Gives the turn on while the text that has it is decided."""
        if self._order.alone and self._stop is None:
            return
        while self.cut is None and (head := self._order.head) is not None:
            if self._order.alone or not self._is_decided(head):
                break
            if (following := self._order.next()) is not None:
                to = UNLIMITED if self._order.alone else following.to
                self.tracks[following.key].may_leave(to)
        if self._stop is not None and self.cut is None and self.all_decided:
            self.cut = self._stop

    def _is_decided(self, turn: Turn) -> bool:
        track = self.tracks.get(turn.key)
        return track is None or track.machine.decided >= turn.to

    @property
    def all_decided(self) -> bool:
        """Nothing is awaited, if no text goes on."""
        head = self._order.head
        return head is None or (self._order.alone and self._is_decided(head))

    def close(self) -> None:
        """The texts end here, wherever they are."""
        self.closed = True
        for track in list(self.tracks.values()):
            track.close()

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
        """A gate's ruling ends the answer; the first one counts."""
        self.ruled.append(ruled)
        self.cut = self.cut or ruled

    def stop_in_turn(self, ruled: Ruling) -> None:
        """The same, after all texts that have come so far."""
        self.ruled.append(ruled)
        self._stop = self._stop or ruled
        self.close()
        self.advance()

    async def abandon(self) -> None:
        for track in self.tracks.values():
            track.abandon()
        await self.tasks.cancel()

    # Judging

    def passage(self, track: Track, sentence: JudgeSentence) -> Passage:
        """A sentence with what it is judged with."""
        question, nearby = self.question, self._nearby(track, sentence)
        return Passage(
            track.locus, sentence.text, sentence.offset, sentence.before, nearby, question.text,
            question.sources, sentence.clear, question.counted,
        )  # fmt: skip

    def piece(self, track: Track, step: CheckStep) -> Passage:
        """A step of a text with what it is read with."""
        question = self.question.text if step.with_question else ""
        nearby = self._nearby(track, step)
        return Passage(track.locus, step.text, step.offset, step.before, nearby, question)

    def _nearby(self, track: Track, sentence: JudgeSentence | CheckStep) -> str:
        """What the other choices and the reasoning contained last when the sentence came: harm may
        be spread over them."""
        if len(self._spoken) < 2 or track not in self._spoken:
            return ""
        come = self._order.before(track.key, sentence.end)
        others = [
            t for t in self._spoken if t is not track and _read_with(t, track, sentence.offset)
        ]
        read = [t.machine.before(self._come(t, come), NEARBY) for t in others]
        return "\n".join(list(filter(None, read))[-NEARBY_TEXTS:])

    def _come(self, track: Track, come: Mapping[StreamKey, int]) -> int:
        has_left = track.key in self._gone
        return track.machine.received if has_left else come.get(track.key, 0)

    def check_words(self, body: Body) -> bool:
        """Takes out of ids and names what patterns find in them, in place. True if any was
        changed."""
        places = [place for place in words_of(body) if place[2] not in self._clean_words]
        new = list(dict.fromkeys(word for _, _, word in places))
        if not new:
            return False
        if not self._word_rulings("\n".join(new)) and max(map(len, new)) <= MAX_WORD:
            self._remember(new)
            return False
        changed = [self._check_word(*place) for place in places]
        return any(changed)

    def _remember(self, words: Sequence[str]) -> None:
        if len(self._clean_words) < MAX_CLEAN_WORDS:
            self._clean_words.update(words)

    def _check_word(self, holder: Any, name: Any, word: str) -> bool:
        if len(word) > MAX_WORD:
            holder[name] = ""
            return True
        ruled = self._word_rulings(word)
        if not ruled:
            self._remember([word])
            return False
        self.ruled += ruled
        holder[name] = edited(word, ruled, self.guard.renderer(Channel.CONTENT))
        stops = [r for r in ruled if r.action in TERMINAL and not r.shadow]
        if stops:
            holder[name] = ""
            self._stop = self._stop or stops[0]
            self.close()
            self.advance()
        return True

    def _word_rulings(self, text: str) -> tuple[Ruling, ...]:
        guard = self.guard.channels[Channel.CONTENT]
        if not guard.plan.patterns:
            return ()
        locus = TextLocation(Layer.OUTPUT, Channel.CONTENT, part="/word", choice=0)
        scan = self.detector_set.scan(Passage(locus, text), guard.pattern_kinds, final=True)
        sent = self.question.sent if scan.findings else NO_TEXT
        return guard.judge_patterns(text, 0, scan.findings, scan.failures, sent).ruled

    def correct(self, ruled: Sequence[Ruling]) -> None:
        """Remembers the sentence of the source for each claim that contradicts it."""
        for ruling in ruled:
            match ruling.finding:
                case Finding(kind="claim.contradicted", note=note) if note:
                    self.guard.corrections[note] = self.question.evidence(note)

    @property
    def held(self) -> int:
        """Code points of the text that holds most."""
        return max((t.machine.held for t in self.tracks.values()), default=0)


def _read_with(other: Track, track: Track, offset: int) -> bool:
    """Whether a sentence is judged with another text: the beginning of an answer with the reasoning
    above it, and every choice with the other choices."""
    channels = (other.key.channel, track.key.channel)
    if other.key.choice == track.key.choice:
        return channels == (Channel.REASONING, Channel.CONTENT) and offset <= CONTEXT
    return channels in ((Channel.CONTENT,) * 2, (Channel.REASONING,) * 2)
