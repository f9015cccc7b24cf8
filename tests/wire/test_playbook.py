from __future__ import annotations

from threegate.types import Channel
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Chunk, Delta, StreamKey
from threegate.wire.sse import ServerSentEvent

from tests.wire.playbook import Delay, decode, replay

KEY = StreamKey(0, Channel.CONTENT)


def chunk(*texts: str, close: bool = False) -> Chunk:
    made = Chunk(ServerSentEvent())
    made.deltas = [Delta(KEY, text) for text in texts]
    made.closes = [KEY] if close else []
    return made


def test_a_delay_keeps_the_end_until_the_key_closes() -> None:
    machines = Delay(2, str.upper)
    assert machines.take(chunk("abc", "d")) == {KEY: "AB"}
    assert machines.take(chunk()) == {}
    assert machines.take(chunk("e", close=True)) == {KEY: "CDE"}
    assert machines.seen == {KEY: "abcde"}


def test_replay_stops_at_the_terminal_event_and_closes_a_torn_stream() -> None:
    raw = b'data: {"choices":[{"index":0,"delta":{"content":"ab"}}]}\n\n'
    done = raw + b"data: [DONE]\n\n"
    chat = ADAPTERS[0]
    assert replay(chat.stream({}), decode([done + raw])) == done
    torn = replay(chat.stream({}), decode([raw]), Delay(1))
    assert torn.count(b'"content":"a"') == torn.count(b'"content":"b"') == 1
