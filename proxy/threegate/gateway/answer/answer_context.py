"""The context in which sentences of an answer are judged: the question, the sources, and the other
texts of the answer, because harm may be spread over them."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from functools import cached_property

from threegate.gateway.answer.guarded_text import GuardedText
from threegate.guard.client_text import ClientText
from threegate.guard.stream.events import CheckStep, JudgeSentence
from threegate.guard.stream.release_order import ReleaseOrder
from threegate.guard.stream.text import CONTEXT
from threegate.types import Channel, Source
from threegate.wire.adapter import StreamKey

NEARBY, NEARBY_TEXTS = 200, 3
"""How many code points of another text of the answer a sentence is judged with, and of how many
such texts."""
MAX_NEARBY = 64
"""Texts of one answer that are judged with each other."""


@dataclass(frozen=True)
class AnswerContext:
    """What the answer is about: the last user turn, the texts that claims may rest on, all texts of
    the request as the client sent them, and the constitution that was added to them. `counted` as
    in `Passage`."""

    question: str = field(default="", repr=False)
    sources: tuple[Source, ...] = field(default=(), repr=False)
    request_text: str = field(default="", repr=False)
    constitutions: tuple[str, ...] = field(default=(), repr=False)
    counted: tuple[frozenset[str], ...] = ()

    @cached_property
    def sent(self) -> ClientText:
        return ClientText.of(self.request_text, self.constitutions)

    def evidence(self, note: str) -> str:
        """The text that `source id:start-end` points to; empty if there is none."""
        source_id, _, place = note.rpartition(":")
        start, _, end = place.partition("-")
        text = next((s.text for s in self.sources if s.id == source_id), "")
        return text[int(start) : int(end)] if start.isdigit() and end.isdigit() else ""


@dataclass(slots=True)
class NearbyTexts:
    """The texts of an answer that are judged with each other. `released`: the keys of those
    that were released in full."""

    order: ReleaseOrder
    released: Container[StreamKey]
    _texts: list[GuardedText] = field(default_factory=list, repr=False)

    def add(self, text: GuardedText) -> None:
        is_spoken = not text.is_field and text.key.channel is not Channel.TOOL_ARGUMENTS
        if is_spoken and len(self._texts) < MAX_NEARBY:
            self._texts.append(text)

    def of(self, text: GuardedText, asked: JudgeSentence | CheckStep) -> str:
        """The latest text of the other choices and the reasoning when the sentence arrived."""
        if len(self._texts) < 2 or text not in self._texts:
            return ""
        arrived = self.order.before(text.key, asked.end)
        near = [
            other.machine.before(
                other.machine.received if other.key in self.released else arrived.get(other.key, 0),
                NEARBY,
            )
            for other in self._texts
            if other is not text and _is_read_with(other.key, text.key, asked.offset)
        ]
        return "\n".join(list(filter(None, near))[-NEARBY_TEXTS:])


def _is_read_with(other: StreamKey, key: StreamKey, offset: int) -> bool:
    """Whether a sentence is judged with another text: the beginning of an answer with the reasoning
    above it, and every choice with the other choices."""
    channels = (other.channel, key.channel)
    if other.choice == key.choice:
        return channels == (Channel.REASONING, Channel.CONTENT) and offset <= CONTEXT
    return channels in ((Channel.CONTENT,) * 2, (Channel.REASONING,) * 2)
