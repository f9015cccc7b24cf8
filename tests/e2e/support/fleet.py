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
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import orjson
from sqlalchemy import NullPool, create_engine, make_url, text
from threegate.audit.log.database import writer_engine
from threegate.gateway.access.auth_db import KeyDatabase

from tests.e2e.support.network import LOOPBACK, Network, Relay
from tests.e2e.support.running import ROOT
from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve
from tests.waiting import eventually

POSTGRES = os.environ.get("THREEGATE_TEST_POSTGRES", "")
REDIS = os.environ.get("THREEGATE_TEST_REDIS", "")
POLICIES = Path(__file__).parents[1] / "policies"
MODEL = "upstreams: [{{url: '{url}', connect_s: 2, first_byte_s: 10, idle_s: 5}}]\n"


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

    def started(self) -> bool:
        """Every worker answers: one that is still starting when a test cuts its database does not
        start."""
        return "all 2 workers are ready" in (self.var / "log").read_text("utf-8")

    def workers(self) -> set[int]:
        """Processes that the supervisor started."""
        folder = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(pid) for pid in folder.read_text().split()}

    def kill(self) -> None:
        for pid in (*self.workers(), self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(30)


@dataclass(frozen=True)
class Sent:
    """One call of a burst: its status, when it left and was answered, when to come again."""

    status: int
    at: float
    answered: float
    wait: int


@dataclass
class Fleet:
    replicas: list[Replica]
    demo: ScriptedUpstream
    postgres: Relay
    redis: Relay
    database: str
    policies: Path
    keys: list[str]
    table: KeyDatabase = field(repr=False)

    def post(self, replica: int, said: str, key: int = 0, **more: Any) -> httpx.Response:
        body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": said}], **more}
        return httpx.post(
            f"{self.replicas[replica].url}/v1/chat/completions",
            json=body,
            headers={"authorization": f"Bearer {self.keys[key]}"},
            timeout=120,
        )

    def burst(self, key: int, calls: int, at_once: int = 64) -> list[Sent]:
        """That many calls, alternately to each replica. Where a replica has no time (503), a call
        comes again when it was told to, as the official clients do."""

        async def run() -> list[Sent]:
            gate = asyncio.Semaphore(at_once)
            body = {"model": "deepseek-r1", "messages": [{"role": "user", "content": "hello"}]}
            headers = {"authorization": f"Bearer {self.keys[key]}"}

            async def one(session: aiohttp.ClientSession, number: int) -> Sent:
                url = f"{self.replicas[number % len(self.replicas)].url}/v1/chat/completions"
                while True:
                    async with gate:
                        sent = time.monotonic()
                        async with session.post(url, json=body) as reply:
                            await reply.read()
                        wait = int(reply.headers.get("retry-after", 0))
                    if reply.status != 503:
                        return Sent(reply.status, sent, time.monotonic(), wait)
                    await asyncio.sleep(wait)

            # A kept connection that the server closes at the moment of the next call is no failure.
            connector = aiohttp.TCPConnector(limit=at_once, force_close=True)
            async with aiohttp.ClientSession(headers=headers, connector=connector) as session:
                return await asyncio.gather(*(one(session, n) for n in range(calls)))

        return asyncio.run(run())

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
def fleet(
    root: Path,
    replicas: int = 2,
    keys: int = 8,
    *,
    postgres_at: Network = LOOPBACK,
    redis_at: Network = LOOPBACK,
    model_at: Network = LOOPBACK,
) -> Iterator[Fleet]:
    policies, demo = root / "policies", ScriptedUpstream()
    shutil.copytree(POLICIES, policies)
    with ExitStack() as stack:
        model = _relay(stack.enter_context(serve(demo.app)), 80, model_at)
        database = stack.enter_context(a_database())
        postgres, redis = _relay(POSTGRES, 5432, postgres_at), _relay(REDIS, 6379, redis_at)
        direct = make_url(POSTGRES).set(database=database, drivername="postgresql")
        table = KeyDatabase.open(writer_engine(direct.render_as_string(hide_password=False)))
        secrets = [table.add("acme")[1] for _ in range(keys)]
        shared = make_url(POSTGRES).set(database=database, host=postgres.host, port=postgres.port)
        settings = root / "threegate.yaml"
        settings.write_text(MODEL.format(url=f"http://{model.host}:{model.port}"), "utf-8")
        environment = {
            "THREEGATE_CONFIG": str(settings),
            "THREEGATE_POLICIES": str(policies),
            "THREEGATE_PACKS": "fleet",
            "THREEGATE_CLASSIFIERS": "off",
            "THREEGATE_AUDIT_URL": shared.render_as_string(hide_password=False),
            "THREEGATE_STATE_URL": f"redis://{redis.host}:{redis.port}/0",
            "THREEGATE_SECRET_ENV": "MASK_SECRET",
            "MASK_SECRET": uuid.uuid4().hex,
            "THREEGATE_AUDIT_MASTER_KEY": "env:MASTER",
            "MASTER": uuid.uuid4().hex * 2,
            "THREEGATE_AUDIT_SIGNING_KEY": "env:SIGNING",
            "SIGNING": uuid.uuid4().hex * 2,
        }
        made = [stack.enter_context(replica(root / f"r{n}", environment)) for n in range(replicas)]
        assert eventually(lambda: all(r.started() for r in made), 300)
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
    command = [sys.executable, "-m", "threegate", "serve", "--workers", "2"]
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
    """A database of its own, dropped afterwards; the server may have been down in between."""
    name = f"fleet_{uuid.uuid4().hex}"
    url = make_url(POSTGRES).set(drivername="postgresql+pg8000")
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(f"create database {name}"))
    try:
        yield name
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))


def _relay(url: str, usual_port: int, network: Network) -> Relay:
    parsed = make_url(url)
    return Relay((parsed.host or "127.0.0.1", parsed.port or usual_port), network)
