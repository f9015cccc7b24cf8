"""Eight times more calls than one worker can do, and 256 streams beside 1,000 that say nothing.

    python -m bench.speed.overload [--seconds 15] [--times 8] [--workers 1] [--out FILE]

Calls come at a fixed rate, whether or not earlier ones are answered. Each holds a made-up e-mail
address, which the base pack masks; the model here counts requests in which one arrives as it is.
Half of the capacity and a multiple of it are sent twice: to a model that answers at once, where
latency is the proxy's alone, and to one that takes two seconds, as a short answer of R1 does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import re
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import uvloop

from bench.speed import load, mock, prompts
from bench.speed.callers import Answer, Callers
from bench.speed.run import RESULTS, machine
from bench.speed.systems import MOCK, MOCK_PORT, OWN, System

SYSTEM = OWN["threegate-patterns"]
IDLE, ACTIVE, GAP_MS, SILENT_MS = 1_000, 256, 40, 600_000
CALIBRATE_S, OPEN_FILES = 3, 8_192
MODEL_MS, HEALTH_S = 2_000, 0.2
ADDRESS = "laura.miller{}@example.com"
_RAW = re.compile(rb"laura\.miller\d+@example\.com")
seen: Counter[str] = Counter()
Row = dict[str, Any]


class Watching(mock.Connection):
    """The mock model, which counts what reaches it and how much of that is unmasked, and takes its
    time once it was told to."""

    takes_s = 0.0

    def answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"GET /_takes"):
            Watching.takes_s = int(head.split()[1].rpartition(b"=")[2]) / 1000
        if head.startswith(b"GET /_seen"):
            self.transport.write(mock.reply(orjson.dumps(seen)))
            return
        if head.startswith(b"POST"):
            seen["asked"] += 1
            seen["unguarded"] += bool(_RAW.search(body))
            if self.takes_s:
                asyncio.get_running_loop().call_later(self.takes_s, super().answer, head, body)
                return
        super().answer(head, body)


async def model() -> None:
    loop = asyncio.get_running_loop()
    async with await loop.create_server(Watching, "127.0.0.1", MOCK_PORT, backlog=4096) as server:
        await server.serve_forever()


@contextmanager
def model_running() -> Iterator[None]:
    command = (sys.executable, "-m", "bench.speed.overload", "--model")
    with load.running(System("mock-threegate", MOCK_PORT, command)):
        yield


def body(number: int, *, stream: bool = False) -> bytes:
    said = f"{prompts.ENGLISH[number % len(prompts.ENGLISH)]} Write to {ADDRESS.format(number)}."
    return orjson.dumps(prompts.body(said, stream=stream))


@contextmanager
def callers(port: int) -> Iterator[Callers]:
    made = Callers(port, SYSTEM.headers)
    try:
        yield made
    finally:
        made.close()


async def closed(at_once: int, seconds: float) -> list[Answer]:
    """That many callers, each with its next call as soon as it has an answer."""
    until = time.monotonic() + seconds

    async def caller(asking: Callers, first: int) -> list[Answer]:
        out: list[Answer] = []
        while time.monotonic() < until:
            out.append(await asking.ask(body(first + len(out))))
        return out

    with callers(SYSTEM.port) as asking:
        made = await asyncio.gather(*(caller(asking, n * 100_000) for n in range(at_once)))
    return [answer for answers in made for answer in answers]


async def at_rate(port: int, per_second: float, seconds: float) -> list[Answer]:
    """Calls on a fixed schedule. A generator that is late sends what is due at once."""
    start, tasks = time.monotonic(), list[asyncio.Task[Answer]]()
    with callers(port) as asking:
        for number in range(int(per_second * seconds)):
            wait = start + number / per_second - time.monotonic()
            if wait > 0 or number % 16 == 0:
                await asyncio.sleep(max(0.0, wait))
            tasks.append(asyncio.ensure_future(asking.ask(body(number))))
        return await asyncio.gather(*tasks)


async def health(port: int) -> list[float]:
    """Seconds that each answer of `/healthz` took, until cancelled; infinite where none came."""
    took: list[float] = []
    try:
        while True:
            began = time.monotonic()
            try:
                async with asyncio.timeout(10):
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
                    good = b" 200 " in await reader.readline()
                    writer.close()
            except (OSError, TimeoutError):
                good = False
            took.append(time.monotonic() - began if good else float("inf"))
            await asyncio.sleep(HEALTH_S)
    except asyncio.CancelledError:
        return took


async def watched(per_second: float, seconds: float) -> tuple[list[Answer], list[float]]:
    """Calls at a rate, with a look at the health of the proxy beside them."""
    looking = asyncio.ensure_future(health(SYSTEM.port))
    answers = await at_rate(SYSTEM.port, per_second, seconds)
    looking.cancel()
    return answers, await looking


def figures(name: str, answers: list[Answer], seconds: float) -> Row:
    taken = [1000 * a.seconds for a in answers if a.status == 200]
    told = [a for a in answers if a.status in (429, 503)]
    return {
        "what": name,
        "per_second": len(answers) / seconds,
        "answered": len(taken) / seconds,
        "p50_ms": load.quantile(taken, 0.5),
        "p99_ms": load.quantile(taken, 0.99),
        "refused_share": len(told) / max(1, len(answers)),
        "come_again_share": sum(a.come_again for a in told) / max(1, len(told)),
        "refused_p50_ms": load.quantile([1000 * a.seconds for a in told], 0.5),
        "others": dict(Counter(a.status for a in answers if a.status not in (200, 429, 503))),
    }


def counted() -> dict[str, int]:
    """What the model was asked so far, and how much of it unguarded."""
    told = json.loads(load.get(f"{MOCK}/_seen"))
    return {name: told.get(name, 0) for name in ("asked", "unguarded")}


def calls(target: load.Running, times: float, seconds: float) -> Iterator[Row]:
    warm = uvloop.run(closed(16, CALIBRATE_S))
    capacity = sum(a.status == 200 for a in warm) / CALIBRATE_S
    yield figures("one at a time", uvloop.run(closed(1, CALIBRATE_S)), CALIBRATE_S)
    yield figures("16 at once: capacity", warm, CALIBRATE_S)
    model_alone = uvloop.run(at_rate(MOCK_PORT, times * capacity, seconds))
    yield figures(f"{times:g} × capacity, the model alone", model_alone, seconds)
    bare = counted()
    for rate, takes in ((0.5, 0), (times, 0), (0.5, MODEL_MS), (times, MODEL_MS)):
        before = target.cpu_s()
        load.get(f"{MOCK}/_takes?ms={takes}")
        answers, looks = uvloop.run(watched(rate * capacity, seconds))
        model = f", a model of {takes / 1000:g} s" if takes else ""
        row = figures(f"{rate:g} × capacity{model}", answers, seconds)
        row |= {"cpu_s": target.cpu_s() - before, "rss_mb": target.rss_mb()}
        yield row | {"health_worst_ms": 1000 * max(looks, default=0.0)}
    load.get(f"{MOCK}/_takes?ms=0")
    yield figures("one at a time, after", uvloop.run(closed(1, CALIBRATE_S)), CALIBRATE_S)
    yield {name: count - bare[name] for name, count in counted().items()}


async def silent(number: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A stream that is open and says nothing: the model has sent its first event alone."""
    data = body(number, stream=True)
    lines = [f"{k}: {v}" for k, v in SYSTEM.headers.items()]
    head = ["POST /v1/chat/completions HTTP/1.1", "host: bench", "content-type: application/json"]
    head += [f"content-length: {len(data)}", *lines, "", ""]
    reader, writer = await asyncio.open_connection("127.0.0.1", SYSTEM.port)
    writer.write("\r\n".join(head).encode() + data)
    if b" 200 " not in await reader.readuntil(b"\r\n\r\n"):
        raise RuntimeError("a silent stream was refused")
    return reader, writer


async def streams(target: load.Running) -> Row:
    before = target.rss_mb()
    load.get(f"{MOCK}/_cfg?gap={SILENT_MS}")
    opened = []
    for number in range(0, IDLE, 20):
        opened += await asyncio.gather(*map(silent, range(number, number + 20)))
    idle_mb, idle_cpu = target.rss_mb(), target.cpu_s()
    await asyncio.sleep(10)
    idle_cpu = target.cpu_s() - idle_cpu
    bodies = prompts.bodies("short_en", stream=True)
    active = await asyncio.to_thread(load.streams, target, bodies, ACTIVE, GAP_MS)
    ended = sum(reader.at_eof() for reader, _ in opened)
    peak = target.rss_mb()
    for _, writer in opened:
        writer.close()
    return {
        "what": f"{IDLE} silent and {ACTIVE} active streams",
        "memory_mb": {"before": before, "silent": idle_mb, "active": peak},
        "kib_a_silent_stream": (idle_mb - before) * 1024 / IDLE,
        "cpu_share_silent": idle_cpu / 10,
        "silent_ended": ended,
        "active": active,
    }


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--times", type=float, default=8)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--no-streams", dest="streams", action="store_false")
    parser.add_argument("--out", type=Path, default=RESULTS / f"overload-{platform.node()}.json")
    asked = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    if asked.model:
        uvloop.run(model())
    system = replace(SYSTEM, command=(*SYSTEM.command, "--workers", str(asked.workers)))
    rows: list[Row] = []
    with model_running(), load.running(system) as target:
        for row in calls(target, asked.times, asked.seconds):
            rows.append(row)
            print(row, flush=True)
        if asked.streams:
            rows.append(asyncio.run(streams(target)))
            print(rows[-1])
    report = {"machine": machine(), "rows": rows}
    asked.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
