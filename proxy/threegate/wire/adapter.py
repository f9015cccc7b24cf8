"""How every model API looks to the gateway: its data types and the codec of its streams.

A *slot* is a text of a whole body, with a pointer for putting its replacement back. A *chunk* is
one event of a stream, its texts taken out as *deltas*. Each event gives one chunk, in the order of
the events. The gateway's contract for a stream:

1. feed every delta of the chunk to the machine of its key, then close the machines in `closes`;
2. when those closed machines have drained, call `write(chunk, released)` with all released text
   that has not been written yet;
3. text released in between is sent with `text(key, text)`, but not while a chunk with a delta of
   that key is waiting, because protocol text (`<think>`) may precede it. Text of a block or item
   whose start the client has not received yet (after a cut) is dropped;
4. at the end of the bytes, `close()` gives the last chunk if no terminal one came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from threegate.types import Bilingual, Channel, TextLocation, frozen
from threegate.wire.sse import ServerSentEvent

if TYPE_CHECKING:
    from threegate.wire.event_template import EventTemplate

Body = dict[str, Any]


class Api(StrEnum):
    CHAT = "chat"
    COMPLETIONS = "completions"
    RESPONSES = "responses"
    MESSAGES = "messages"
    EMBEDDINGS = "embeddings"
    TOKEN_COUNT = "token_count"  # noqa: S105


@frozen
class Slot:
    """A text of a body. `pointer` is an RFC 6901 pointer, `#form` appended if the text is not the
    bare string: `#json` (readable JSON text, see `jsontext`), `#think` and `#answer` (halves of a
    content with inline reasoning), `#data` (data: URL), `#base64`, `#number`; `#name` is the name
    of the field itself. Two slots may share a pointer: readings of the same bytes. `word`: a word
    of the protocol, which is no text (see `wire.words`)."""

    locus: TextLocation
    pointer: str
    text: str = field(repr=False)
    word: bool = False


class StreamKey(NamedTuple):
    """One text of a streamed answer. `part` is the index of the tool call or content block."""

    choice: int
    channel: Channel
    part: int = 0


@dataclass(slots=True)
class Delta:
    """A piece of text that arrived."""

    key: StreamKey
    text: str = field(repr=False)


@dataclass(slots=True)
class InsertionPoint:
    """Where text is put back into a frame: `holder[name]` (object or array), the pieces in order. A
    string piece is protocol text (a `<think>` tag)."""

    holder: Any = field(repr=False)
    name: Any
    pieces: list[Delta | str] = field(repr=False)
    mirror: bool = False  # repeats an earlier place with the same key


@dataclass(slots=True)
class LinkedField:
    """A field that describes a text (log probabilities); it is removed if the text changes."""

    holder: dict[str, Any] = field(repr=False)
    name: str
    choice: int
    empty: Any = None


@dataclass(slots=True)
class Chunk:
    """One event of a stream. `frame` is its JSON with the texts taken out; None if there is none
    (comment, `[DONE]`) or the event follows an `event_template`. `closes` are the keys that end
    with this event, after its deltas."""

    event: ServerSentEvent
    frame: Body | None = field(default=None, repr=False)
    deltas: list[Delta] = field(default_factory=list)
    closes: list[StreamKey] = field(default_factory=list)
    terminal: bool = False
    places: list[InsertionPoint] = field(default_factory=list, repr=False)
    linked: list[LinkedField] = field(default_factory=list, repr=False)
    template: EventTemplate | None = field(default=None, repr=False)


class OutcomeKind(StrEnum):
    BLOCK = "block"
    ANSWER = "answer"  # a curated reply (代答)
    TRUNCATE = "truncate"  # ends without a message


@frozen
class Outcome:
    """How the guard ends a call. `message` is shown to the client and contains no matched value.
    `created` is in seconds since the epoch; `http_status` makes a block an error of that status."""

    kind: OutcomeKind
    decision_id: str
    rule_id: str
    message: Bilingual
    answer: str | None = None
    http_status: int | None = None
    created: int = 0

    @property
    def text(self) -> str:
        """The text for the client: the curated reply, or the message in both languages."""
        if self.kind is OutcomeKind.TRUNCATE:
            return ""
        if self.answer is not None:
            return self.answer
        parts = dict.fromkeys(p for p in (self.message.zh, self.message.en) if p)
        return "\n".join(parts)

    @property
    def note(self) -> Body:
        """The `threegate` field of a blocked answer."""
        note: Body = {
            "action": str(self.kind),
            "decision_id": self.decision_id,
            "rule_id": self.rule_id,
        }
        if self.kind is OutcomeKind.BLOCK:
            note["message"] = {"zh": self.message.zh, "en": self.message.en}
        return note


@frozen
class Tool:
    """A tool that the request offers. `names` are all under which it may be read, each in its
    spellings; `pointer` is its place in a list of the body."""

    names: tuple[tuple[str, ...], ...]
    parameters: Body = field(repr=False)
    pointer: str


@frozen
class ToolCall:
    """A tool call of a whole answer. `arguments` is JSON text."""

    choice: int
    name: str
    arguments: str = field(repr=False)
    pointer: str


class Placement(StrEnum):
    """Where the constitution is placed: a system turn, or the first user turn (original R1)."""

    SYSTEM = "system"
    FIRST_USER = "first_user"


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """`starts_in_reasoning`: the upstream's template ends in `<think>`, so the answer lacks it.
    `show_reasoning` False removes reasoning and its tags from what the client gets. `mark` turns
    the id of something stored by the model API into one that only its tenant can use."""

    starts_in_reasoning: bool = False
    show_reasoning: bool = True
    mark: Callable[[str], str] | None = None


DEFAULT_STREAM: StreamOptions = StreamOptions()
