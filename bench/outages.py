"""What two replicas do while PostgreSQL, then Redis, is stopped for half a minute, as a table.

    PYTHONPATH=. python bench/outages.py [--seconds 30]

Makes a PostgreSQL and a Redis of its own (Debian's packages; PostgreSQL runs as `postgres`, so this
wants root) and stops the servers themselves. A network that is cut without a word:
`tests/e2e/operation/test_network_cut.py`.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from tests.e2e.support.fleet import Fleet

MOBILE = "13812345678"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Server:
    start: Callable[[], None]
    stop: Callable[[], None]


@contextmanager
def postgres(folder: Path, port: int) -> Iterator[Server]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    tools, data = found[-1], folder / "data"

    def run(*words: str) -> None:
        command = shlex.join([str(tools / words[0]), *words[1:]])
        subprocess.run(["su", "postgres", "-c", command], check=True, stdout=subprocess.DEVNULL)

    def start() -> None:
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
        run("pg_ctl", "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")

    def stop() -> None:
        run("pg_ctl", "-D", str(data), "-m", "fast", "-w", "stop")

    shutil.chown(folder, "postgres")
    run("initdb", "-D", str(data), "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
    start()
    try:
        yield Server(start, stop)
    finally:
        stop()


@contextmanager
def redis(folder: Path, port: int) -> Iterator[Server]:
    program = shutil.which("valkey-server") or shutil.which("redis-server") or "redis-server"
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]
        running.append(
            subprocess.Popen(
                [*command, "--save", "", "--appendonly", "no"], stdout=subprocess.DEVNULL
            )
        )

    def stop() -> None:
        running[-1].terminate()
        running[-1].wait()

    start()
    try:
        yield Server(start, stop)
    finally:
        stop()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=int, default=30)
    given = options.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        for name in ("pg", "redis", "fleet"):
            (folder / name).mkdir()
        ports = free_port(), free_port()
        database = stack.enter_context(postgres(folder / "pg", ports[0]))
        state = stack.enter_context(redis(folder / "redis", ports[1]))
        os.environ["THREEGATE_TEST_POSTGRES"] = (
            f"postgresql://postgres@127.0.0.1:{ports[0]}/postgres"
        )
        os.environ["THREEGATE_TEST_REDIS"] = f"redis://127.0.0.1:{ports[1]}/0"
        from tests.e2e.support.fleet import fleet  # reads these variables

        two = stack.enter_context(fleet(folder / "fleet"))
        print("| stopped | calls | of a blocked text | streams | /readyz, /healthz | degraded |")
        print("|---|---|---|---|---|---|")
        print(row("nothing", two, 5))
        for name, server in (("PostgreSQL", database), ("Redis", state)):
            server.stop()
            print(row(f"{name}, {given.seconds} s", two, given.seconds))
            server.start()
            started = time.monotonic()
            while not well(two):
                time.sleep(0.1)
            print(f"| {name} again | all well after {time.monotonic() - started:.1f} s |||||")
        leaked = [r for r in two.demo.received if MOBILE in str(r.body) or "STOP-1" in str(r.body)]
        print(f"\nthe model was asked {len(two.demo.received)} times, unguarded: {len(leaked)}")


def row(name: str, two: Fleet, seconds: float) -> str:
    said, blocked, streams, health = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    parts, until, n = set[str](), time.monotonic() + seconds, 0
    while time.monotonic() < until:
        n += 1
        replica = n % 2
        reply = two.post(replica, f"我的手机号是{MOBILE}", n % 6)
        said[str(reply.status_code)] += 1
        blocked[str(two.post(replica, "STOP-1", n % 6).status_code)] += 1
        stream = two.post(replica, "hello", n % 6, stream=True)
        whole = "whole" if "[DONE]" in stream.text else "not whole"
        streams[f"{stream.status_code} {whole}"] += 1
        url = two.replicas[replica].url
        states = [httpx.get(url + path, timeout=30).status_code for path in ("/readyz", "/healthz")]
        health[", ".join(map(str, states))] += 1
        if reply.status_code == 200:
            event = two.events(reply.headers["x-threegate-request-id"])[-1]
            parts |= set(event.get("degraded", ()))
    cells = [_counted(c) for c in (said, blocked, streams, health)]
    return " | ".join([f"| {name}", *cells, ", ".join(parts) or "–"]) + " |"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{n} × {what}" for what, n in counts.most_common())


def well(two: Fleet) -> bool:
    return all(r.ready() for r in two.replicas) and all(
        two.post(n, "hello").status_code == 200 for n in range(2)
    )


if __name__ == "__main__":
    main()
