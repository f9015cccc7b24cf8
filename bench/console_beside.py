"""Whether calls notice that somebody uses the console: both in one process, in turn.

    python -m bench.console_beside --directory DIR      # a log of bench.console; else 2,000 records

In turn: rounds of calls alone, while a visitor with every role opens a page a second, and while one
opens page after page without a pause; through the ASGI app, without sockets or a client of its own,
and with a model API that answers at once. Prints a JSON object: processor time of the loop's thread
for a call in each of the three, with the ratio to calls alone (what the console takes from the loop
that serves calls) and how many pages came in that time, and for each page the processor time of the
loop and its longest stretch without a turn. Wall-clock times of calls are printed too; on a machine
that others use they say little.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import orjson
from threegate.app import create_app
from threegate.audit import settings as audit_settings
from threegate.parts import opened
from threegate.settings import Settings, UpstreamSettings
from threegate.upstream import Upstreams

from bench import calls
from bench.audit_log import load
from bench.console import BASE, DAYS, DRAFT, label, pages, visitor
from bench.speed import prompts

PREFIX = "/console"
ROUND_S = 2.0
PAUSES = {"alone": None, "a_page_a_second": 1.0, "without_a_pause": 0.0}
"""Seconds between two pages of the visitor; None: nobody is there."""


class Loop:
    """How long the loop's thread works between two turns."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0)
            self.longest = max(self.longest, time.thread_time() - before)

    def stop(self) -> None:
        self._task.cancel()


def bodies() -> Iterator[bytes]:
    return cycle(orjson.dumps(b) for b in prompts.bodies("medium_en_pii", stream=False)[:200])


@dataclass
class Round:
    """What calls took, one after another, and how many pages came beside them."""

    calls: int = 0
    pages: int = 0
    loop_s: float = 0.0
    walls: list[float] = field(default_factory=list)

    async def run(self, app: Any, texts: Iterator[bytes]) -> None:
        began, used = time.perf_counter(), time.thread_time()
        while (started := time.perf_counter()) < began + ROUND_S:
            await calls.call(app, next(texts))
            self.walls.append((time.perf_counter() - started) * 1000)
            self.calls += 1
        self.loop_s += time.thread_time() - used

    @property
    def loop_ms(self) -> float:
        """The loop's processor time for a call, what pages took of it included."""
        return self.loop_s / self.calls * 1000


class Visitor:
    """Opens pages as the server would pass them on; a client's own work would count as the
    console's."""

    def __init__(self, app: Any, cookies: dict[str, str]) -> None:
        self.app, self.opened = app, 0
        cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
        self._head = [(b"host", b"127.0.0.1"), (b"accept", b"text/html")]
        self._head.append((b"cookie", cookie.encode()))

    async def open(self, path: str) -> None:
        bare, _, query = path.partition("?")
        at, done = PREFIX + bare, asyncio.Event()

        async def receive() -> dict[str, Any]:
            await done.wait()
            return {"type": "http.disconnect"}

        async def send(event: dict[str, Any]) -> None:
            assert event.get("status", 200) == 200, path

        scope = {
            "type": "http",
            "method": "GET",
            "path": at,
            "raw_path": at.encode(),
            "query_string": quote(query, safe="=&").encode(),
            "headers": self._head,
            "scheme": "http",
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "root_path": "",
            "state": {},
            "http_version": "1.1",
        }
        await self.app(scope, receive, send)
        done.set()
        self.opened += 1

    async def click(self, paths: Iterator[str], pause: float) -> None:
        while True:
            await self.open(next(paths))
            await asyncio.sleep(pause)


async def loop_times(visitor: Visitor, paths: list[str]) -> dict[str, tuple[float, float]]:
    """Of each page, opened before: milliseconds of the loop's thread, and the longest time for
    which the loop did not turn."""
    found = {}
    for path in paths:
        await visitor.open(path)
        started = time.thread_time()
        await visitor.open(path)
        spent = (time.thread_time() - started) * 1000
        loop = Loop()
        await visitor.open(path)
        loop.stop()
        found[path] = (round(spent, 1), round(loop.longest * 1000, 1))
    return found


async def measured(settings: Settings, records: int, rounds: int) -> dict[str, Any]:
    Upstreams.send = calls._send  # type: ignore[method-assign, assignment]
    async with opened(settings) as deps:
        app, cookies = create_app(deps), visitor(settings, deps.secret)
        headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), cookies=cookies,
            headers=headers, timeout=300,
        ) as client:  # fmt: skip
            for path, form in DRAFT.items():
                await client.post(BASE + path, data=form)
        paths, texts = list(pages(f"ld_{records - 1:09d}")), bodies()
        someone = Visitor(app, cookies)
        await Round().run(app, texts)  # warm
        found = await in_turn(app, someone, texts, paths, rounds)
        times = await loop_times(someone, paths)
    worst = sorted(times.items(), key=lambda pair: -pair[1][0])
    return {
        "records": records,
        "load_average": round(os.getloadavg()[0], 1),
        **{name: figures(each, found["alone"]) for name, each in found.items()},
        "loop_ms_and_longest_stall": dict(worst[:12]),
    }


def figures(each: Round, alone: Round) -> dict[str, float]:
    return {
        "call_loop_ms": round(each.loop_ms, 3),
        "ratio": round(each.loop_ms / alone.loop_ms, 3),
        "call_wall_ms": round(statistics.median(each.walls), 1),
        "calls": each.calls,
        "pages": each.pages,
    }


async def in_turn(
    app: Any, someone: Visitor, texts: Iterator[bytes], paths: list[str], rounds: int
) -> dict[str, Round]:
    found = {name: Round() for name in PAUSES}
    through = cycle(paths)
    for _ in range(rounds):
        for name, pause in PAUSES.items():
            before = someone.opened
            visit = [someone.click(through, pause)] if pause is not None else []
            tasks = [asyncio.ensure_future(v) for v in visit]
            await found[name].run(app, texts)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            found[name].pages += someone.opened - before
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=2_000)
    parser.add_argument("--directory", type=Path, help="of a log that is there, or is kept")
    parser.add_argument("--rounds", type=int, default=10, help="of each kind")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        var = args.directory or Path(folder)
        upstream = (UpstreamSettings("http://127.0.0.1:9"),)
        settings = Settings(var=var, classifiers="off", upstreams=upstream)
        if not list(var.glob("audit.sqlite3")):
            print(json.dumps(load(audit_settings.from_settings(settings), args.records, DAYS)))
            label(settings, args.records)
        print(json.dumps(asyncio.run(measured(settings, args.records, args.rounds)), indent=1))


if __name__ == "__main__":
    main()
