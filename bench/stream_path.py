"""CPU time of an event of a stream from the upstream's socket to the client's, without the kernel:
the HTTP client and server as they run, on connections in memory. For a machine where other work
makes `bench.speed` say little.

    python bench/stream_path.py           # policy base, microseconds an event
    python bench/stream_path.py --off     # nothing checked

One stream at a time and one event a turn of the loop, answers alone without their reasoning; only
the loop's thread counts. The fastest tenth of the streams ends there. No text comes twice.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import uvicorn
import uvloop
from aiohttp.client_proto import ResponseHandler
from uvicorn.server import ServerState

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from threegate import settings as settings_module  # noqa: E402
from threegate.app import create_app  # noqa: E402
from threegate.cli.server_process import tune_garbage_collection  # noqa: E402
from threegate.parts import opened  # noqa: E402
from threegate.server.http_protocol import HttpProtocol  # noqa: E402

from bench.speed import mock, prompts  # noqa: E402

RUNS, WARM_UP, TURNS = 40, 8, 4
BEFORE = 2 + mock.REASONING_EVENTS + 8
"""Events before the first that counts."""
OFF = "--off" in sys.argv
HEAD = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n"
)


class Line(asyncio.Transport):
    """A connection whose other end is this bench."""

    def __init__(self, protocol: asyncio.BaseProtocol) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.protocol, self.closed = protocol, False
        protocol.connection_made(self)

    def write(self, data: Any) -> None:
        self.sent.append(data)

    def close(self) -> None:
        if not self.closed:
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, None)
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        """Nothing is read."""

    resume_reading = pause_reading

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 80)}.get(name, default)


upstreams: list[Line] = []


async def _connection(*_: Any) -> ResponseHandler:
    made = ResponseHandler(asyncio.get_running_loop())
    upstreams.append(Line(made))
    return made


async def stream(config: uvicorn.Config, body: bytes, events: list[bytes]) -> float:
    """Microseconds of the loop's thread for an event."""
    client = Line(HttpProtocol(config, ServerState(), {}))
    for line in upstreams:
        line.sent.clear()
    client.protocol.data_received(HEAD % len(body) + body)  # type: ignore[attr-defined]
    while not any(line.sent for line in upstreams):
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.01)
    model: Any = next(line for line in upstreams if line.sent).protocol
    await _play(model, [mock.HEAD + events[0], *events[1:BEFORE]])
    started = time.thread_time_ns()
    await _play(model, events[BEFORE:-2])
    spent = time.thread_time_ns() - started
    await _play(model, [*events[-2:], mock.DONE])
    while b"0\r\n\r\n" not in b"".join(client.sent[-2:]):
        await asyncio.sleep(0.001)
    client.close()
    return spent / 1000 / (len(events) - BEFORE - 2)


async def _play(model: Any, pieces: list[bytes]) -> None:
    for piece in pieces:
        model.data_received(piece)
        for _ in range(TURNS):
            await asyncio.sleep(0)


async def main() -> None:
    aiohttp.TCPConnector._create_connection = _connection  # type: ignore[method-assign]
    folder, pack = (ROOT / "bench" / "speed", "off") if OFF else (ROOT / "policies", "base")
    with tempfile.TemporaryDirectory() as var:
        given = {"policies": folder, "packs": (pack,), "classifiers": "off", "var": Path(var)}
        settings = settings_module.load(given={**given, "upstream": "http://127.0.0.1:9"})
        async with opened(settings) as deps:
            config = uvicorn.Config(
                create_app(deps), log_config=None, ws="none", lifespan="off", http=HttpProtocol
            )
            config.load()
            tune_garbage_collection()
            for language in ("en", "zh"):
                await measure(config, language)


async def measure(config: uvicorn.Config, language: str) -> None:
    bodies = prompts.bodies(f"short_{language}_pii", stream=True)
    spent = []
    for number in range(WARM_UP + RUNS):
        events = [event for event, _ in mock.fresh(language, str(number))]
        spent.append(await stream(config, orjson.dumps(bodies[number]), events))
    fast = statistics.quantiles(spent[WARM_UP:], n=10)[0]
    print(f"{fast:9.1f}  short_{language}_pii, an event", flush=True)


if __name__ == "__main__":
    uvloop.run(main())
