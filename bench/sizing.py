"""What one worker costs: CPU per call and per stream, memory per open call, bytes of audit log.

    python bench/sizing.py [--classifiers off] [--pack base] [--calls 300] [--open 300]
        [--audit URL]

The proxy and the demo model run as processes of their own. CPU seconds are read from /proc, so that
the figures mean something on a machine that does other work too; one CPU second is one core for a
second. A starved proxy finds several events at once and spends less on each, so one stream is paced
like a model's. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from sqlalchemy import create_engine, text

TEXT = (
    "我的手机号是13812345678，请帮我写一段感谢信。Please keep the tone warm and the letter short."
)
WORDS = " ".join(f"word{n}" for n in range(100))
PACED = f"[demo: pause=0.02] {WORDS}"  # 50 events a second
DEMO = """
import sys, uvicorn
from tests.scripted_upstream import ScriptedUpstream
uvicorn.run(ScriptedUpstream().app, port=int(sys.argv[1]), log_level="critical", access_log=False)
"""
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory(pid: int) -> float:
    """MiB of the process's own share (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no Pss in smaps_rollup")


async def ready(session: aiohttp.ClientSession, url: str) -> None:
    for _ in range(1200):
        try:
            async with session.get(f"{url}/readyz") as reply:
                if reply.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit("the proxy did not become ready")


async def many(count: int, at_once: int, work: Callable[[int], Awaitable[None]]) -> None:
    gate = asyncio.Semaphore(at_once)

    async def one(number: int) -> None:
        async with gate:
            await work(number)

    await asyncio.gather(*(one(n) for n in range(count)))


async def measure(given: argparse.Namespace, url: str, pid: int) -> None:
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        await ready(session, url)
        events = 0

        async def call(number: int, stream: bool, said: str) -> None:
            nonlocal events
            body = {
                "model": "deepseek-r1",
                "stream": stream,
                "messages": [{"role": "user", "content": f"{number} {said}"}],
            }
            async with session.post(f"{url}/v1/chat/completions", json=body) as reply:
                assert reply.status == 200, await reply.text()
                data = await reply.read()
                assert not stream or b"[DONE]" in data
                events += data.count(b"data: ")

        await many(20, 4, lambda n: call(n, False, TEXT))
        for name, stream, said in (
            ("call", False, TEXT),
            ("stream", True, TEXT),
            ("stream of 100 words", True, WORDS),
            ("the same, paced", True, PACED),
        ):
            before, started, events = cpu(pid), time.monotonic(), 0
            await many(given.calls, 8, lambda n, s=stream, t=said: call(n, s, t))  # type: ignore[misc]
            used, wall = cpu(pid) - before, time.monotonic() - started
            print(
                f"{name:22} {used / given.calls * 1000:7.2f} ms CPU each"
                f"  {given.calls / used:7.1f} a second and core"
                f"  ({given.calls / wall:.0f} a second here)"
                + (f"  {events / given.calls:.0f} events each" if stream else ""),
                flush=True,
            )
        idle = memory(pid)
        slow = "[demo: delay=6] hello"
        waiting = asyncio.ensure_future(many(given.open, given.open, lambda n: call(n, True, slow)))
        await asyncio.sleep(4)
        held = memory(pid)
        await waiting
        print(
            f"memory {idle:.0f} MiB idle, {(held - idle) * 1024 / given.open:.1f} KiB an open call"
        )


def stored(database: str) -> float:
    """Bytes of the log for one call: two records and what is searched in them."""
    engine = create_engine(database.replace("postgresql://", "postgresql+pg8000://"))
    size = (
        "pg_database_size(current_database())"
        if engine.dialect.name == "postgresql"
        else "page_count * page_size from pragma_page_count, pragma_page_size"
    )
    with engine.connect() as connection:
        records = connection.execute(text("select count(*) from audit_record")).scalar_one()
        taken = connection.execute(text(f"select {size}")).scalar_one()
    return float(2 * taken / records)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--classifiers", default="required", choices=["required", "off"])
    options.add_argument("--pack", default="base")
    options.add_argument("--calls", type=int, default=300)
    options.add_argument("--open", type=int, default=300)
    options.add_argument("--audit", help="database of the audit log, an empty one")
    given = options.parse_args()
    demo_port, port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        demo = subprocess.Popen([sys.executable, "-c", DEMO, str(demo_port)])
        command = [sys.executable, "-m", "threegate", "serve", "--port", str(port)]
        command += ["--upstream", f"http://127.0.0.1:{demo_port}", "--var", folder]
        command += ["--pack", given.pack, "--classifiers", given.classifiers]
        database = given.audit or f"sqlite:///{folder}/audit.sqlite3"
        environment = {**os.environ, "THREEGATE_AUDIT_URL": database}
        proxy = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
        try:
            asyncio.run(measure(given, f"http://127.0.0.1:{port}", proxy.pid))
        finally:
            for process in (proxy, demo):
                process.terminate()
                process.wait()
        print(f"audit log {stored(database) / 1024:.1f} KiB a call, at the level of the pack")


if __name__ == "__main__":
    main()
