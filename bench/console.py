"""How long each page of the console takes at the server, with many records in the log.

    python -m bench.console --records 100000

The log is written by the product's writer, spread over the last 30 days, with the search index and
encrypted texts; 1,000 hits are labelled. Then every GET page is asked for by somebody with all
roles, in this process and without a network: once cold, then `--times`. Prints a JSON object: of
each page the median time in milliseconds, and of that the processor time of this process and of
PostgreSQL on this machine (what a page takes on a machine of its own), the slowest page first.
`load_average` says how much others took. With `--database` the log is there, and in the directory
are its keys; PostgreSQL's helpers are not seen (max_parallel_workers_per_gather = 0).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text
from threegate.app import create_app
from threegate.audit import settings as audit_settings
from threegate.audit.log.database import writer_engine
from threegate.console.auth.accounts import Accounts, now
from threegate.console.auth.sessions import COOKIE, Signer
from threegate.console.bootstrap import engine_of
from threegate.console.review.review_store import ReviewLabel, ReviewStore
from threegate.console.routes import OPEN, PAGES
from threegate.parts import opened
from threegate.policy.lifecycle.people import Role
from threegate.settings import Settings, UpstreamSettings

from bench.audit_log import load

LABELLED = 1_000
DAYS = 30
BASE = "http://127.0.0.1/console"
NAMES = {
    "{pack}": "base",
    "{rule}": "pii.cn.id_card",
    "{list}": "self_harm",
    "{answer}": "self-harm",
    "{base}": "plans",
    "{document}": "prices.md",
    "{detector}": "ticket",
    "{kind}": "pii.cn.mobile",
}
DRAFT = {
    "/policies/knowledge": {"name": "plans", "document": "prices", "text": "A plan costs 15."},
    "/policies/detectors/own/ticket": {"regex": "TCK-[0-9]{4}", "match": "TCK-1234"},
}
"""What the visitor's draft has of their own, in a pack of that name."""
RULE_PAGES = "/policies/rule/"
SEARCHES = (
    "/audit?days=30",
    "/audit?q=贷款&days=30",
    "/audit?q=invoice&days=30",
    "/audit?action=block&days=30",
    "/audit?rule=pii.cn.id_card&days=30",
    "/audit/report?days=7",
)


def pages(request: str) -> Iterator[str]:
    """Every page but those of versions, of which there is none, and of single sign-on."""
    for page in PAGES:
        left_out = any(part in page.path for part in ("{token}", "{to}", "{digest}", "/login"))
        if page.method == "GET" and page.roles is not OPEN and not left_out:
            rule = "base.pii.email" if page.path.startswith(RULE_PAGES) else NAMES["{rule}"]
            path = page.path.replace("{request}", request).replace("{rule}", rule)
            mine = "{base}" in path or "{detector}" in path
            for name, value in NAMES.items():
                path = path.replace(name, "own" if mine and name == "{pack}" else value)
            yield path or "/"
    yield from SEARCHES


def processor(url: str) -> Callable[[], float]:
    """Seconds of the processor so far: of this process, and of PostgreSQL's for this database."""
    if not url.startswith("postgresql"):
        return time.process_time
    engine = writer_engine(url)
    backends = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")

    def seconds() -> float:
        with engine.begin() as connection:
            pids = connection.execute(backends).scalars().all()
        spent = [int(Path(f"/proc/{p}/schedstat").read_text().split()[0]) for p in pids]
        return time.process_time() + sum(spent) / 1e9

    return seconds


async def timed(
    client: httpx.AsyncClient, path: str, times: int, seconds: Callable[[], float]
) -> dict[str, int]:
    """Median milliseconds by the clock and of the processor; the first time apart."""
    wall, cpu = [], []
    for _ in range(times + 1):
        used, start = seconds(), time.perf_counter()
        answer = await client.get(BASE + path)
        wall.append((time.perf_counter() - start) * 1000)
        cpu.append((seconds() - used) * 1000)
        assert answer.status_code == 200, (path, answer.status_code)
    return {
        "wall": round(statistics.median(wall[1:])),
        "cpu": round(statistics.median(cpu[1:])),
        "first_cpu": round(cpu[0]),
    }


def visitor(settings: Settings, secret: bytes) -> dict[str, str]:
    """The session of somebody with every role."""
    accounts = Accounts(engine_of(settings), secret)
    token = accounts.invite("root", frozenset(Role), "", now())
    accounts.accept(token, "root", "a long enough passphrase", now())
    account = accounts.find("root")
    assert account is not None
    return {COOKIE: Signer(secret).sign("session", account.name, account.epoch)}


def label(settings: Settings, records: int) -> None:
    store = ReviewStore(engine_of(settings))
    for n in range(min(LABELLED, records)):
        verdict = "false_positive" if n % 5 == 0 else "correct"
        request, rule = f"ld_{records - 1 - n:09d}", NAMES["{rule}"]
        store.label(ReviewLabel(request, rule, "ann", verdict, "", now().isoformat()))


async def measured(settings: Settings, records: int, times: int) -> dict[str, Any]:
    async with opened(settings) as deps:
        transport = httpx.ASGITransport(create_app(deps))
        cookies = visitor(settings, deps.secret)
        headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
        async with httpx.AsyncClient(
            transport=transport, cookies=cookies, headers=headers, timeout=120
        ) as client:
            for path, form in DRAFT.items():
                await client.post(BASE + path, data=form)
            last, seconds = f"ld_{records - 1:09d}", processor(settings.audit_database)
            found = {path: await timed(client, path, times, seconds) for path in pages(last)}
    rows = sorted(found.items(), key=lambda pair: -pair[1]["cpu"])
    return {
        "database": settings.audit_database.partition(":")[0],
        "records": records,
        "load_average": round(os.getloadavg()[0], 1),
        "slowest_cpu_ms": rows[0][1]["cpu"],
        "slowest_wall_ms": max(times["wall"] for _, times in rows),
        "pages_ms": dict(rows),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=3, help="after the first")
    parser.add_argument("--directory", type=Path, help="keeps the log for another run")
    parser.add_argument("--database", default="", help="PostgreSQL; else SQLite in the directory")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        var = args.directory or Path(folder)
        upstream = (UpstreamSettings("http://127.0.0.1:9"),)
        settings = Settings(var=var, classifiers="off", upstreams=upstream, audit_url=args.database)
        log = audit_settings.from_settings(settings)
        if not (var / "audit" / "keys").exists():
            print(json.dumps(load(log, args.records, DAYS)))
        label(settings, args.records)
        print(json.dumps(asyncio.run(measured(settings, args.records, args.times)), indent=1))


if __name__ == "__main__":
    main()
