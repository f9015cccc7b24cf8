"""Starts a system, puts load on it, reads its processor time from /proc.

wrk is the load for whole answers (its own cost does not count: only the process tree of the system
does). Streams are read by a raw asyncio client whose delay and cost `direct` shows. The delay of a
piece of text is the time between the mock's write and the arrival of as many answer characters.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import shutil
import signal
import string
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import uvloop

from bench.speed.systems import HERE, HOME, MOCK, System

TICKS = os.sysconf("SC_CLK_TCK")
START_S = 90
SETTLE_S = 0.25
FIRST_TEXT = 1  # the first event of the mock holds the role alone
HELLO = b'{"model":"deepseek-reasoner","messages":[{"role":"user","content":"Hello"}]}'
Figures = dict[str, float]


@dataclass(slots=True)
class Running:
    system: System
    pid: int | None
    start_s: float

    def tree(self) -> list[int]:
        return [] if self.pid is None else descendants(self.pid)

    def cpu_s(self) -> float:
        return sum(map(_cpu_s, self.tree()))

    def rss_mb(self) -> float:
        return sum(map(_rss_mb, self.tree()))

    def settle(self) -> None:
        """Waits until requests that the load gave up are done."""
        for _ in range(20):
            before = self.cpu_s()
            time.sleep(SETTLE_S)
            if self.cpu_s() - before < 0.03:
                return


def descendants(pid: int) -> list[int]:
    try:
        lists = Path(f"/proc/{pid}/task").glob("*/children")
        below = [int(p) for listed in lists for p in listed.read_text().split()]
    except OSError:
        return []
    return [pid, *(d for child in below for d in descendants(child))]


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _rss_mb(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20
    except OSError:
        return 0.0


def get(url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
    sent = {"content-type": "application/json", **(headers or {})}
    request = urllib.request.Request(url, data=body, headers=sent)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())


@contextmanager
def running(system: System) -> Iterator[Running]:
    """The system, ready; its own process group is ended afterwards. Raises RuntimeError."""
    run = HOME / "run"
    run.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(run / f"var-{system.name}", ignore_errors=True)
    for name, text in system.files.items():
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_text(text, encoding="utf-8")
    if not system.command:
        yield Running(system, None, 0.0)
        return
    with (run / f"{system.name}.log").open("wb") as log:
        process = subprocess.Popen(
            system.command,
            env={**os.environ, **system.environment},
            cwd=HERE.parent.parent if "threegate" in system.name else run,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield Running(system, process.pid, _ready(system, process))
    finally:
        _end(process)


def _ready(system: System, process: subprocess.Popen[bytes]) -> float:
    started = time.monotonic()
    while time.monotonic() - started < START_S and process.poll() is None:
        with suppress(OSError):
            get(system.url, HELLO, system.headers)
            return time.monotonic() - started
        time.sleep(0.02)
    raise RuntimeError(f"{system.name} gave no answer")


def _end(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(8)
            return


def whole_answers(target: Running, bodies: Path, at_once: int, seconds: int) -> Figures:
    _wrk(target.system, bodies, at_once, 1)
    target.settle()
    before = target.cpu_s()
    seen = _wrk(target.system, bodies, at_once, seconds)
    target.settle()
    count = max(1, seen["n"])
    return {
        "rps": seen["n"] / (seen["us"] / 1e6),
        "cpu_ms": 1000 * (target.cpu_s() - before) / count,
        "p50_ms": seen["p50"] / 1000,
        "p99_ms": seen["p99"] / 1000,
        "errors": seen["errors"],
        "requests": seen["n"],
        "rss_mb": target.rss_mb(),
    }


def _wrk(system: System, bodies: Path, at_once: int, seconds: int) -> dict[str, Any]:
    headers = [f"{name}: {value}" for name, value in system.headers.items()]
    options = ["-t1", f"-c{at_once}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
    script = ["-s", str(HERE / "post.lua"), system.url, "--", str(bodies), *headers]
    done = subprocess.run(["wrk", *options, *script], capture_output=True, text=True, check=True)
    line = next(x for x in done.stdout.splitlines() if x.startswith("JSON"))
    out: dict[str, Any] = json.loads(line[4:])
    return out


@dataclass(slots=True)
class Stream:
    """One stream as it arrived: (time in ns, bytes)."""

    tag: str
    sent_ns: int
    pieces: list[tuple[int, bytes]] = field(default_factory=list)

    def progress(self) -> list[tuple[int, int, int]]:
        """(time, answer characters so far, answer and reasoning characters so far)."""
        out, buffer, answer, every = [], b"", 0, 0
        for at, data in self.pieces:
            *lines, buffer = (buffer + data).split(b"\n")
            for line in lines:
                if line.startswith(b"data: {"):
                    for choice in orjson.loads(line[6:]).get("choices", ()):
                        delta = choice.get("delta") or {}
                        said = len(delta.get("content") or "")
                        answer += said
                        every += said + len(delta.get("reasoning_content") or "")
            out.append((at, answer, every))
        return out


def streams(target: Running, bodies: list[dict[str, Any]], at_once: int, gap_ms: float) -> Figures:
    get(f"{MOCK}/_cfg?gap={gap_ms}")
    try:
        before = target.cpu_s()
        read = uvloop.run(_read_all(target.system, bodies, at_once))
        spent = target.cpu_s() - before
        return _stream_figures(read, spent) | {"rss_mb": target.rss_mb()}
    finally:
        get(f"{MOCK}/_cfg?gap=0")


async def _read_all(system: System, bodies: list[dict[str, Any]], at_once: int) -> list[Stream]:
    async def one(number: int) -> Stream:
        await asyncio.sleep(number * 0.5 / at_once)  # spread the starts
        return await _read(system, bodies[number % len(bodies)])

    async with asyncio.timeout(90):
        return list(await asyncio.gather(*(one(n) for n in range(at_once))))


async def _read(system: System, body: dict[str, Any]) -> Stream:
    tag = "".join(random.choices(string.ascii_lowercase, k=8))
    *before, last = body["messages"]
    tagged = {**last, "content": f"{last['content']} zqtag{tag}"}
    data = orjson.dumps({**body, "messages": [*before, tagged], "user": f"zqtag{tag}"})
    lines = [f"{k}: {v}" for k, v in system.headers.items()]
    head = ["POST /v1/chat/completions HTTP/1.1", "host: bench", "content-type: application/json"]
    head += [f"content-length: {len(data)}", "connection: close", *lines, "", ""]
    reader, writer = await asyncio.open_connection("127.0.0.1", system.port)
    stream = Stream(tag, time.monotonic_ns())
    writer.write("\r\n".join(head).encode() + data)
    while piece := await reader.read(65536):
        stream.pieces.append((time.monotonic_ns(), piece))
        if b"data: [DONE]" in piece:
            break
    writer.close()
    return stream


def _stream_figures(read: list[Stream], spent_s: float) -> Figures:
    first, answer, delays, held, events, bad = [], [], [], [], 0, 0
    for stream in read:
        log = json.loads(get(f"{MOCK}/_sent?tag={stream.tag}"))
        came = stream.progress()
        if not log or not came or not came[-1][1]:
            bad += 1
            continue
        events += len(log)
        first.append((next(t for t, _, every in came if every) - log[FIRST_TEXT][0]) / 1e6)
        answer.append(_first_answer_ms(log, came))
        delays += _delays(log, came)
        held += _held(log, came)
    return {
        "first_ms": quantile(first, 0.5),
        "answer_ms": quantile(answer, 0.5),
        "delay_p50_ms": quantile(delays, 0.5),
        "delay_p95_ms": quantile(delays, 0.95),
        "delay_p99_ms": quantile(delays, 0.99),
        "held_p50": quantile(held, 0.5),
        "held_p95": quantile(held, 0.95),
        "cpu_us_event": 1e6 * spent_s / max(1, events),
        "errors": bad,
        "streams": len(read),
    }


def _first_answer_ms(log: list[tuple[int, int]], came: list[tuple[int, int, int]]) -> float:
    """From the first event of the answer, which comes after the reasoning, to its first text."""
    return (next(t for t, n, _ in came if n) - next(t for t, n in log if n)) / 1e6


def _delays(log: list[tuple[int, int]], came: list[tuple[int, int, int]]) -> list[float]:
    out, at = [], 0
    for sent_ns, size in log:
        while at < len(came) and came[at][1] < size:
            at += 1
        if size and at < len(came):
            out.append((came[at][0] - sent_ns) / 1e6)
    return out


def _held(log: list[tuple[int, int]], came: list[tuple[int, int, int]]) -> list[float]:
    """Answer characters that had been sent and had not arrived, just before the next event."""
    out, at = [], 0
    for (_, size), (next_ns, _) in itertools.pairwise(log):
        while at + 1 < len(came) and came[at + 1][0] < next_ns:
            at += 1
        if size:
            out.append(float(max(0, size - came[at][1])))
    return out


def quantile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")
