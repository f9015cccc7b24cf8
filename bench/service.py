"""What a call of the check service costs beside the layers that it runs: `python -m bench.service`.

One process, the base pack, patterns only, texts that come once. *layers* is layer 1 alone, as the
proxy runs it (open the call, scan, judge, mask). *service* is the whole endpoint as the server
calls it (admission, JSON, layers, record durable, answer), without a socket; *unrecorded* is the
same without the audit log. Calls come in groups at the same time, as they do to a server, so that
records share their commits. CPU is that of the process, the audit writer's thread included. Turns
alternate, so that load of the machine meets all alike.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from threegate.app import create_app
from threegate.cli.server_process import tune_garbage_collection
from threegate.gateway.access.resolved_policy import PolicyResolver
from threegate.gateway.asgi import DEPARTURE, Departure, Responder
from threegate.gateway.deps import Deps
from threegate.gateway.request.call_opening import CallRequest, open_call
from threegate.gateway.request.input_layer import judge_request
from threegate.parts import opened
from threegate.settings import Settings, UpstreamSettings
from threegate.types import Caller
from threegate.wire.openai.chat import Chat

from bench.speed import prompts

ROOT = Path(__file__).parents[1]
PROMPTS = ("short_en_pii", "medium_en_pii", "medium_zh_pii", "medium_zh")
WARM, ROUNDS, EACH = 2, 30, 8
PATH = "/v1/guard/check"
Call = Callable[[dict[str, Any]], Awaitable[None]]


class NoLog:
    """An audit log that keeps nothing."""

    async def append(self, *record: Any) -> None:
        pass

    async def begin(self, *intent: Any) -> Any:
        raise NotImplementedError("a check has no intent")

    async def ready(self) -> bool:
        return True


async def _nothing(event: dict[str, Any]) -> None:
    pass


def layers(deps: Deps) -> Call:
    resolver = PolicyResolver()

    async def call(body: dict[str, Any]) -> None:
        asked = CallRequest(Chat(), "bench", PATH, {}, body)
        await judge_request(open_call(deps, resolver, asked, Caller(), Responder(_nothing)))

    return call


def service(deps: Deps) -> Call:
    app = create_app(deps)

    async def call(body: dict[str, Any]) -> None:
        data = [orjson.dumps({"messages": body["messages"]})]

        async def receive() -> dict[str, Any]:
            if not data:
                await asyncio.Event().wait()
            return {"type": "http.request", "body": data.pop()}

        scope: dict[str, Any] = {"type": "http", "method": "POST", "path": PATH}
        scope["extensions"] = {DEPARTURE: Departure()}  # as our server gives it
        await app(scope | {"headers": [], "query_string": b""}, receive, _nothing)

    return call


async def measured(calls: dict[str, Call], bodies: list[dict[str, Any]]) -> dict[str, Any]:
    """Milliseconds a call: median of wall time, mean of CPU time in the better half of the
    rounds."""
    wall: dict[str, list[float]] = {name: [] for name in calls}
    cpu: dict[str, list[float]] = {name: [] for name in calls}
    left = iter(bodies)
    for round_ in range(-WARM, ROUNDS):
        for name, call in calls.items():
            group = [next(left) for _ in range(EACH)]
            before, started = time.process_time(), time.perf_counter()
            await asyncio.gather(*map(call, group))
            if round_ >= 0:
                wall[name].append((time.perf_counter() - started) * 1000 / EACH)
                cpu[name].append((time.process_time() - before) * 1000 / EACH)
    return {
        name: {
            "wall_ms": round(statistics.median(wall[name]), 3),
            "cpu_ms": round(statistics.mean(sorted(cpu[name])[: ROUNDS // 2]), 3),
        }
        for name in calls
    }


async def report(var: Path) -> dict[str, Any]:
    settings = Settings(
        var=var,
        policies=ROOT / "policies",
        classifiers="off",
        upstreams=(UpstreamSettings("http://127.0.0.1:9"),),
        reload_s=60.0,  # a look for another policy would count for whoever waits longest
    )
    async with opened(settings, report=lambda text: None) as deps:
        calls = {
            "layers": layers(deps),
            "unrecorded": service(replace(deps, audit=NoLog())),
            "service": service(deps),
        }
        tune_garbage_collection()  # as the server does
        made = {}
        for name in PROMPTS:
            made[name] = await measured(calls, prompts.bodies(name, stream=False))
    return made


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        json.dump(asyncio.run(report(Path(folder))), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
