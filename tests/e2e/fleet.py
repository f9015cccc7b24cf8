"""Replicas of the real program over a real PostgreSQL and Redis, each behind a relay that can be
cut."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import orjson
from sqlalchemy import create_engine, make_url, text
from threegate.audit.database import writer_engine
from threegate.gateway.key_table import KeyTable
from threegate.testing.server import serve
from threegate.testing.upstream import DemoUpstream

from tests.e2e.running import ROOT

POSTGRES = os.environ.get("THREEGATE_TEST_POSTGRES", "")
REDIS = os.environ.get("THREEGATE_TEST_REDIS", "")
POLICIES = Path(__file__).parent / "policies"


def eventually(holds: Callable[[], bool], seconds: float = 60) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.05)
    return False


class Relay:
    """Passes bytes to a server until it is cut; then the server is away for whoever comes here."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._spawn(self._accept, self._listener)

    def _spawn(self, work: Callable[..., None], *given: Any) -> None:
        threading.Thread(target=work, args=given, daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(self._to)
                self._open += [near, far]
                self._spawn(self._copy, near, far)
                self._spawn(self._copy, far, near)

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def mend(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._spawn(self._accept, self._listener)


@dataclass
class Replica:
    """`threegate serve --workers 2` in its own folder and process group."""

    url: str
    var: Path
    process: subprocess.Popen[bytes]

    def ready(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
        return False

    def workers(self) -> set[int]:
        """Processes that the supervisor started."""
        folder = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(pid) for pid in folder.read_text().split()}

    def kill(self) -> None:
        for pid in (*self.workers(), self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(30)


@dataclass
class Fleet:
    replicas: list[Replica]
    demo: DemoUpstream
    postgres: Relay
    redis: Relay
    database: str
    policies: Path
    keys: list[str]
    table: KeyTable = field(repr=False)

    def post(self, replica: int, said: str, key: int = 0, **more: Any) -> httpx.Response:
        body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": said}], **more}
        return httpx.post(
            f"{self.replicas[replica].url}/v1/chat/completions",
            json=body,
            headers={"authorization": f"Bearer {self.keys[key]}"},
            timeout=60,
        )

    def burst(self, key: int, calls: int, at_once: int = 64) -> tuple[Counter[int], float]:
        """Statuses of that many calls, alternately to each replica, and the seconds they took."""

        async def run() -> Counter[int]:
            gate, statuses = asyncio.Semaphore(at_once), Counter[int]()
            body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": "hello"}]}
            headers = {"authorization": f"Bearer {self.keys[key]}"}

            async def one(session: aiohttp.ClientSession, number: int) -> None:
                url = self.replicas[number % len(self.replicas)].url
                async with gate, session.post(f"{url}/v1/chat/completions", json=body) as reply:
                    await reply.read()
                    assert reply.status == 200 or 1 <= int(reply.headers["retry-after"]) <= 60
                    statuses[reply.status] += 1

            async with aiohttp.ClientSession(
                headers=headers, connector=aiohttp.TCPConnector(limit=at_once)
            ) as session:
                await asyncio.gather(*(one(session, n) for n in range(calls)))
            return statuses

        started = time.monotonic()
        return asyncio.run(run()), time.monotonic() - started

    def policy_records(self, digest: str) -> list[float]:
        """When, by each worker's own record, this policy became active there."""
        query = text("select ts, entry from audit_record where entry like :verb")
        with self.table.engine.connect() as connection:
            rows = connection.execute(query, {"verb": '%"activated"%'}).all()
        events = [(ts / 1e6, orjson.loads(entry)["event"]["detail"]) for ts, entry in rows]
        return [ts for ts, detail in events if detail["object"] == digest]

    def events(self, request_id: str) -> list[dict[str, Any]]:
        query = text("select entry from audit_record where request_id = :id order by seq")
        with self.table.engine.connect() as connection:
            rows = connection.execute(query, {"id": request_id}).scalars().all()
        return [orjson.loads(row)["event"] for row in rows]


@contextmanager
def fleet(root: Path, replicas: int = 2, keys: int = 8) -> Iterator[Fleet]:
    policies, demo = root / "policies", DemoUpstream()
    shutil.copytree(POLICIES, policies)
    with ExitStack() as stack:
        upstream = stack.enter_context(serve(demo.app))
        database = stack.enter_context(a_database())
        postgres, redis = _relay(POSTGRES, 5432), _relay(REDIS, 6379)
        direct = make_url(POSTGRES).set(database=database, drivername="postgresql")
        table = KeyTable.open(writer_engine(direct.render_as_string(hide_password=False)))
        secrets = [table.add("acme")[1] for _ in range(keys)]
        shared = make_url(POSTGRES).set(database=database, host="127.0.0.1", port=postgres.port)
        environment = {
            "THREEGATE_UPSTREAM": upstream,
            "THREEGATE_POLICIES": str(policies),
            "THREEGATE_PACKS": "fleet",
            "THREEGATE_CLASSIFIERS": "off",
            "THREEGATE_RELOAD_S": "0.25",
            "THREEGATE_AUDIT_URL": shared.render_as_string(hide_password=False),
            "THREEGATE_STATE_URL": f"redis://127.0.0.1:{redis.port}/0",
            "THREEGATE_SECRET_ENV": "MASK_SECRET",
            "MASK_SECRET": uuid.uuid4().hex,
            "THREEGATE_AUDIT_MASTER_KEY": "env:MASTER",
            "MASTER": uuid.uuid4().hex * 2,
            "THREEGATE_AUDIT_SIGNING_KEY": "env:SIGNING",
            "SIGNING": uuid.uuid4().hex * 2,
        }
        made = [stack.enter_context(replica(root / f"r{n}", environment)) for n in range(replicas)]
        assert eventually(lambda: all(r.ready() and len(r.workers()) == 2 for r in made), 180)
        yield Fleet(
            made,
            demo,
            postgres,
            redis,
            direct.render_as_string(hide_password=False),
            policies,
            secrets,
            table,
        )
        table.engine.dispose()


@contextmanager
def replica(var: Path, environment: dict[str, str]) -> Iterator[Replica]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    var.mkdir()
    command = [sys.executable, "-m", "threegate.cli", "serve", "--workers", "2"]
    with (var / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port), "--var", str(var)],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    made = Replica(f"http://127.0.0.1:{port}", var, process)
    try:
        yield made
    finally:
        with suppress(FileNotFoundError):
            made.kill()


@contextmanager
def a_database() -> Iterator[str]:
    """A database of its own, dropped afterwards."""
    name = f"fleet_{uuid.uuid4().hex}"
    url = make_url(POSTGRES).set(drivername="postgresql+pg8000")
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    try:
        yield name
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))
        engine.dispose()


def _relay(url: str, usual_port: int) -> Relay:
    parsed = make_url(url)
    return Relay(parsed.host or "127.0.0.1", parsed.port or usual_port)
