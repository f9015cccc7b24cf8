"""A replacement for the gateway's stream loop, to test codecs and to try out policies by hand.

It follows the contract of `wire.adapter`: deltas, then closes, then `write` with what the machines
released. The machine here is a *delay*: it keeps the last `hold` characters of a key until the key
closes, and `change` edits what it releases, character by character.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from threegate.wire.adapter import Chunk, StreamKey
from threegate.wire.frame_codec import StreamCodec
from threegate.wire.sse import ServerSentEvent, SSEDecoder


def same(text: str) -> str:
    """The empty edit."""
    return text


class Delay:
    """Machines that keep the last `hold` characters of every key."""

    def __init__(self, hold: int = 0, change: Callable[[str], str] = same) -> None:
        self._hold = hold
        self._change = change
        self._held: dict[StreamKey, str] = {}
        self.seen: dict[StreamKey, str] = {}  # everything each machine was fed

    def take(self, chunk: Chunk) -> dict[StreamKey, str]:
        """What the machines release when `chunk` comes."""
        out: dict[StreamKey, str] = {}
        for delta in chunk.deltas:
            self.seen[delta.key] = self.seen.get(delta.key, "") + delta.text
            text = self._held.get(delta.key, "") + delta.text
            cut = max(0, len(text) - self._hold)
            self._held[delta.key] = text[cut:]
            out[delta.key] = out.get(delta.key, "") + text[:cut]
        for key in chunk.closes:
            out[key] = out.get(key, "") + self._held.pop(key, "")
        return {key: self._change(text) for key, text in out.items() if text}


def decode(pieces: Iterable[bytes]) -> list[ServerSentEvent]:
    """The events in these pieces of a stream."""
    decoder = SSEDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.close()


def replay(
    codec: StreamCodec, events: Iterable[ServerSentEvent], machines: Delay | None = None
) -> bytes:
    """What the client gets when `events` come from upstream."""
    machines = machines or Delay()
    out = b""
    for event in events:
        chunk = codec.read(event)
        out += codec.write(chunk, machines.take(chunk))
        if chunk.terminal:
            return out
    last = codec.close()
    return out if last is None else out + codec.write(last, machines.take(last))
