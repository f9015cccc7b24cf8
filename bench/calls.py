"""CPU time of whole calls in one process, without sockets: the ASGI app with its audit log, and a
model API that answers at once. For a machine where other work makes `bench.speed` say little.

    python bench/calls.py               # policy base: whole answers, microseconds a call
    python bench/calls.py --stream      # the same streamed, microseconds an event
    python bench/calls.py --off         # nothing checked

The fastest tenth of the calls ends there, one call at a time; only the loop's thread counts, not
the writer of the audit log. No prompt or answer comes twice; prompts hold personal data.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from threegate import settings as settings_module  # noqa: E402
from threegate.app import create_app  # noqa: E402
from threegate.cli.server_process import tune_garbage_collection  # noqa: E402
from threegate.parts import opened  # noqa: E402
from threegate.upstream import ModelRequest, Upstreams  # noqa: E402

from bench.speed import mock, prompts  # noqa: E402

RUNS, WARM_UP = 300, 40
STREAM, OFF = "--stream" in sys.argv, "--off" in sys.argv
HEAD = [(b"host", b"bench"), (b"content-type", b"application/json")]


class Answer:
    """What `Upstreams.send` returns, as far as the answer's layer uses it."""

    status, starts_in_reasoning, own_key = 200, False, False
    made = 0

    def __init__(self, body: bytes) -> None:
        kind = "text/event-stream" if STREAM else "application/json"
        self.headers = {"content-type": kind}
        Answer.made += 1
        self._pieces = _events(body) if STREAM else [_whole(body)]

    async def chunks(self, take: object = None) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece

    async def aclose(self) -> None:
        """Nothing is open."""


def _whole(body: bytes) -> bytes:
    text = mock.WHOLE[mock.chosen(body)].partition(b"\r\n\r\n")[2]
    return text.replace(b'"content":"', b'"content":"%d ' % Answer.made)


def _events(body: bytes) -> list[bytes]:
    """The mock's, without the lengths of its chunks."""
    made = mock.fresh(mock.chosen(body), str(Answer.made))
    return [data.partition(b"\r\n")[2][:-2] for data, _ in made] + [b"data: [DONE]\n\n"]


async def _send(self: Upstreams, request: ModelRequest) -> Answer:
    return Answer(request.body)


async def call(app: Any, body: bytes) -> float:
    """Microseconds of the loop's thread. The client stays connected."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else await asyncio.sleep(3600, {})

    async def send(event: dict[str, Any]) -> None:
        assert event.get("status", 200) == 200

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/chat/completions",
        "query_string": b"",
        "headers": [*HEAD, (b"content-length", b"%d" % len(body))],
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "root_path": "",
        "state": {},
    }
    started = time.thread_time_ns()
    await app(scope, receive, send)
    return (time.thread_time_ns() - started) / 1000


def _bodies(name: str) -> Sequence[bytes]:
    return [orjson.dumps(b) for b in prompts.bodies(name, stream=STREAM)[: RUNS + WARM_UP]]


async def main() -> None:
    Upstreams.send = _send  # type: ignore[method-assign, assignment]
    folder, pack = (ROOT / "bench" / "speed", "off") if OFF else (ROOT / "policies", "base")
    with tempfile.TemporaryDirectory() as var:
        given = {"policies": folder, "packs": (pack,), "classifiers": "off", "var": Path(var)}
        settings = settings_module.load(given={**given, "upstream": "http://127.0.0.1:9"})
        async with opened(settings) as deps:
            app = create_app(deps)
            tune_garbage_collection()
            for language in ("en", "zh"):
                name = f"{'short' if STREAM else 'medium'}_{language}_pii"
                spent = [await call(app, body) for body in _bodies(name)]
                fast = statistics.quantiles(spent[WARM_UP:], n=10)[0]
                events = len(mock.fresh(language, "")) if STREAM else 1
                print(f"{fast / events:9.1f}  {name}, {'an event' if STREAM else 'a call'}")


if __name__ == "__main__":
    asyncio.run(main())
