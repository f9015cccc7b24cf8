"""What a call costs with every model of the default policy: processor time of the whole process,
and how many tokens each model read for how many in the texts. In one process, without sockets.

    python bench/everything.py                      # whole answers, 1, 4 and 16 calls at once
    python bench/everything.py --stream             # the same streamed, all events at once
    python bench/everything.py --sets short_en --at-once 4 --calls 40

No text comes twice: prompts are made from a seed, and each sentence of an answer and of its
reasoning has a number of its own, so no verdict that is kept helps. Deadlines are lifted: on a busy
machine they would end readings early and make them look cheap.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from threegate import settings as settings_module  # noqa: E402
from threegate.app import create_app  # noqa: E402
from threegate.cli.server_process import tune_garbage_collection  # noqa: E402
from threegate.detectors import sentence_judging  # noqa: E402
from threegate.parts import opened  # noqa: E402
from threegate.upstream import ModelRequest, Upstreams  # noqa: E402
from threegate_classifiers.batching import Batcher  # noqa: E402
from threegate_classifiers.registry import SHIPPED, find  # noqa: E402
from threegate_classifiers.tokenize import Row, tokenizer_of  # noqa: E402

from bench.speed import mock, prompts  # noqa: E402

HEAD = [(b"host", b"bench"), (b"content-type", b"application/json")]
WARM_UP = 4
DEADLINE_MS = 600_000
made: list[str] = []
"""Answers of the model API, reasoning before content."""


def fresh(text: str, language: str, dice: random.Random) -> str:
    """All sentences of a text, each with a number of its own."""
    place = {"en": "In office {}: {} ", "zh": "第{}号：{}"}[language]
    said = [s for s in mock.SENTENCE[language].split(text.strip()) if s]
    return "".join(place.format(dice.randrange(10**6), s) for s in said)


class Answer:
    """What `Upstreams.send` returns, as far as the answer's layer uses it."""

    status, starts_in_reasoning, own_key = 200, False, False

    def __init__(self, body: bytes) -> None:
        streamed, language = b'"stream":true' in body, mock.chosen(body)
        dice = random.Random(len(made))
        reasoning = fresh(mock.REASONING, "en", dice)
        text = fresh(mock.TEXTS[language], language, dice)
        made.append(reasoning + text)
        self.headers = {"content-type": "text/event-stream" if streamed else "application/json"}
        self._pieces = _events(reasoning, text) if streamed else [_whole(reasoning, text)]

    async def chunks(self, take: object = None) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
            await asyncio.sleep(0)

    async def aclose(self) -> None:
        """Nothing is open."""


def _whole(reasoning: str, text: str) -> bytes:
    message = {"role": "assistant", "content": text, "reasoning_content": reasoning}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    head = {"id": "chatcmpl-mock", "object": "chat.completion", "created": 1}
    return orjson.dumps({**head, "model": mock.MODEL, "choices": [choice], "usage": mock.USAGE})


def _events(reasoning: str, text: str) -> list[bytes]:
    deltas = [{"reasoning_content": p} for p in mock.pieces(reasoning, len(reasoning) // 4)]
    deltas += [{"content": p} for p in mock.pieces(text, len(text) // 3)]
    events = [mock.event(delta) for delta in deltas] + [mock.event({"content": ""}, "stop")]
    return [data.partition(b"\r\n")[2][:-2] for data in events] + [b"data: [DONE]\n\n"]


async def _send(self: Upstreams, request: ModelRequest) -> Answer:
    return Answer(request.body)


async def call(app: Any, body: bytes) -> None:
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else await asyncio.sleep(3600, {})

    async def send(event: dict[str, Any]) -> None:
        assert event.get("status", 200) == 200

    scope = {
        "type": "http", "method": "POST", "path": "/v1/chat/completions", "query_string": b"",
        "headers": [*HEAD, (b"content-length", b"%d" % len(body))], "scheme": "http",
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "root_path": "", "state": {},
    }  # fmt: skip
    await app(scope, receive, send)


class Counted:
    """Tokens and rows that each model was asked to read, by the name of its threads."""

    def __init__(self) -> None:
        self.tokens: Counter[str] = Counter()
        self.rows: Counter[str] = Counter()
        submit = Batcher.submit

        def counted(batcher: Batcher, rows: Sequence[Row], deadline_s: float) -> Any:
            name = batcher._threads[0].name.rpartition("-")[0]
            self.rows[name] += len(rows)
            self.tokens[name] += sum(len(row.ids) for row in rows)
            return submit(batcher, rows, deadline_s)

        Batcher.submit = counted  # type: ignore[method-assign]

    def clear(self) -> None:
        self.tokens.clear()
        self.rows.clear()


@asynccontextmanager
async def served() -> AsyncIterator[Any]:
    Upstreams.send = _send  # type: ignore[method-assign, assignment]
    query = sentence_judging._query
    judge = sentence_judging
    judge._query = lambda detector, texts, deadline_ms: query(detector, texts, DEADLINE_MS)
    with tempfile.TemporaryDirectory() as var:
        given = {"policies": ROOT / "policies", "packs": ("base",), "classifiers": "required"}
        given |= {"models": ROOT / "classifiers" / "models", "var": Path(var)}
        settings = settings_module.load(given={**given, "upstream": "http://127.0.0.1:9"})
        async with opened(settings, lambda _: None) as deps:
            app = create_app(deps)
            tune_garbage_collection()
            yield app


async def measured(
    app: Any, bodies: Sequence[bytes], at_once: int, counted: Counted
) -> dict[str, Any]:
    left = iter(bodies)

    async def caller() -> None:
        for body in left:
            started = time.perf_counter()
            await call(app, body)
            took.append(time.perf_counter() - started)

    took: list[float] = []
    counted.clear()
    answered = len(made)
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(at_once)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    texts = [orjson.loads(b)["messages"][-1]["content"] for b in bodies] + made[answered:]
    there = sum(len(ids) for ids in _tokens(texts))
    return {
        "cpu_ms": round(1000 * cpu / len(bodies), 1),
        "calls_s": round(len(bodies) / wall, 1),
        "p50_ms": round(1000 * statistics.median(took)),
        "tokens": round(there / len(bodies)),
        "read": {name: round(n / len(bodies)) for name, n in counted.tokens.items()},
        "rows": {name: round(n / len(bodies), 1) for name, n in counted.rows.items()},
        "times": round(sum(counted.tokens.values()) / there, 2),
    }


def _tokens(texts: Sequence[str]) -> Iterator[list[int]]:
    entry = find(SHIPPED, "guard")
    tokenizer = tokenizer_of(entry.folder, entry.manifest)
    for text in texts:
        yield tokenizer.encode(text, add_special_tokens=False).ids


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stream", action="store_true")
    parser.add_argument("--calls", type=int, default=24)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--sets", nargs="+", default=["short_en", "short_zh", "medium_en"])
    asked = parser.parse_args()
    counted = Counted()
    async with served() as app:
        for name in asked.sets:
            bodies = [orjson.dumps(b) for b in prompts.bodies(name, stream=asked.stream)]
            await measured(app, bodies[:WARM_UP], 1, counted)
            at = WARM_UP
            for at_once in asked.at_once:
                some, at = bodies[at : at + asked.calls], at + asked.calls
                print(name, at_once, await measured(app, some, at_once, counted), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
