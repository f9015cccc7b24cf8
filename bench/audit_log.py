"""How the audit log behaves with many records: rate, size, search, verification, export, memory.

    python bench/audit_log.py --records 1000000 [--database postgresql://…] [--directory DIR]

Each request is an intent and a record with texts (about 200 and 500 characters, Chinese and
English), as the gateway writes them, by concurrent clients (16 if not said). `--load` writes so
many more first, by the product's writer in the largest groups it makes, without intents and
clients: chain, hashes, encryption, index, checkpoints and durability are the same. `--records 0`
measures the log that is there.

Prints a JSON object after each step. `cpu` is processor time of this process and not of PostgreSQL;
`load_average` says how much of the wall-clock time others took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threegate.audit import AuditLog, AuditSettings, Content, Part, Query, Record, Stage
from threegate.audit.export.bundle import export
from threegate.audit.log.chain import Hasher
from threegate.audit.log.database import PATIENT_SECONDS, now_us, writer_engine
from threegate.audit.log.kept_chain import KeptChain, new_writer_id
from threegate.audit.log.log_keys import load_master, load_publisher, load_signer
from threegate.audit.log.rows import PendingRecord, make_record
from threegate.audit.log.store import today
from threegate.audit.verify.sources import connect
from threegate.audit.verify.verifier import own_keys, published_files, verify_database
from threegate.types import (
    Action,
    Caller,
    Channel,
    Decision,
    Finding,
    Layer,
    Level,
    Ruling,
    Span,
    TextLocation,
    Usage,
    Verdict,
)

WORDS = (
    "贷款", "利率", "身份证", "账户", "转账", "保险", "理赔", "医生", "处方", "合同",
    "order", "refund", "invoice", "account", "balance", "transfer",
)  # fmt: skip
RULES = (
    "pii.cn.id_card",
    "pii.cn.mobile",
    "injection.direct",
    "hazard.violence",
    "claim.contradicted",
)


Figures = dict[str, Any]


@dataclass(slots=True)
class Author:
    """Makes texts, and knows the processor time that this took: it is not the log's."""

    seconds: float = 0.0

    def text(self, dice: random.Random, words: int) -> str:
        start = time.thread_time()
        made = text(dice, words)
        self.seconds += time.thread_time() - start
        return made


def text(dice: random.Random, words: int) -> str:
    return " ".join(f"{dice.choice(WORDS)}{dice.randrange(10_000)}" for _ in range(words))


def decision(dice: random.Random, request: str) -> Decision:
    locus = TextLocation(Layer.INPUT, Channel.USER, message=0)
    rule, action = dice.choice(RULES), dice.choice((Action.MASK, Action.FLAG, Action.BLOCK))
    found = Finding("detector", rule, Span(3, 21), 0.91, Level.HIGH, locus)
    ruled = (Ruling(rule, action, found),) if dice.random() < 0.2 else ()
    verdict = Verdict(action if ruled else Action.ALLOW, ruled)
    return Decision("d", request, Layer.INPUT, verdict, "sha256:0123456789abcdef", {"total": 1.5})


async def fill(log: AuditLog, records: int, clients: int, author: Author) -> None:
    async def client(number: int) -> None:
        dice = random.Random(number)
        for n in range(number, records, clients):
            request = f"tg_{n:09d}"
            caller = Caller(f"tenant{n % 5}", f"key{n % 40}", model="deepseek-r1", language="zh")
            made: dict[str, Any] = {
                "request_id": request,
                "caller": caller,
                "subject": f"user{n % 10_000}",
            }
            asked, told = author.text(dice, 20), author.text(dice, 50)
            made["intent"] = await log.begin(request, caller, "sha256:0123", asked.encode())
            made["decisions"] = (decision(dice, request),)
            texts = (Part("messages/0/user", asked), Part("choices/0/content", told))
            usage = Usage(input=120, output=300)
            await log.append(Record(stage=Stage.COMPLETED, usage=usage, **made), Content(texts))

    await asyncio.gather(*(client(c) for c in range(clients)))


def load(settings: AuditSettings, records: int, days: float = 0.0) -> Figures:
    """By the writer itself, without its thread and without clients; evenly over the last `days`."""
    writer_id, engine = new_writer_id(), writer_engine(settings.url, PATIENT_SECONDS)
    master, publisher = load_master(settings), load_publisher(settings, writer_id)
    chain = KeptChain(settings, engine, publisher, master, writer_id)
    chain._ready()
    dice, hasher = random.Random(7), Hasher()
    texts = [(text(dice, 20), text(dice, 50)) for _ in range(10_000)]
    keys = [master.new_data_key(f"tenant{n}", today()) for n in range(5)]

    def item(n: int) -> PendingRecord:
        request = f"ld_{n:09d}"
        caller = Caller(f"tenant{n % 5}", f"key{n % 40}", model="deepseek-r1", language="zh")
        made = Record(
            stage=Stage.COMPLETED,
            request_id=request,
            caller=caller,
            decisions=(decision(dice, request),),
            usage=Usage(input=120, output=300),
        )
        asked, told = texts[n % 9973]
        kept = Content((Part("messages/0/user", asked), Part("choices/0/content", told)))
        name = master.pseudonym(caller.tenant, f"user{n % 10_000}")
        level, key = settings.level, keys[n % 5]
        at = now_us() - int(days * 86_400e6 * (records - n) / records)
        options: dict[str, Any] = {"ts_us": at, "mono_us": n, "level": level, "key": key}
        return make_record(made, kept, pseudonym=name, hasher=hasher, **options)

    start, cpu = time.perf_counter(), time.process_time()
    for first in range(0, records, settings.max_batch):
        chain._commit([item(n) for n in range(first, min(first + settings.max_batch, records))])
        chain.attempt_upkeep()  # the checkpoints
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    chain.finish()
    engine.dispose()
    checkpoints = chain.counters.checkpoints
    return {"loaded": records, "checkpoints": checkpoints} | rates(records, seconds, cpu)


def rates(records: int, seconds: float, cpu: float) -> Figures:
    return {
        "seconds": round(seconds, 1),
        "records_per_s": round(records / seconds),
        "cpu_us_per_record": round(cpu / records * 1e6),
        "rss_mib": rss_mib(),
    }


async def latencies(log: AuditLog, queries: list[Query]) -> Figures:
    took, busy = [], []
    for query in queries:
        start, cpu = time.perf_counter(), time.process_time()
        await log.search(query)
        took.append((time.perf_counter() - start) * 1000)
        busy.append((time.process_time() - cpu) * 1000)
    return spread("", took) | spread("cpu_", busy)


def spread(name: str, values: list[float]) -> Figures:
    p95 = sorted(values)[-len(values) // 20 - 1]
    return {
        f"{name}p50_ms": round(statistics.median(values), 1),
        f"{name}p95_ms": round(p95, 1),
    }


def alone(work: Callable[[AuditSettings], Figures], settings: AuditSettings) -> Figures:
    """In a process of its own, so that its memory is its own."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn) as pool:
        return pool.submit(measured, work, settings).result()


def measured(work: Callable[[AuditSettings], Figures], settings: AuditSettings) -> Figures:
    start, cpu = time.perf_counter(), time.process_time()
    figures = work(settings)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return figures | {"s": round(seconds, 1), "cpu_s": round(cpu, 1), "rss_mib": rss_mib()}


def verified(settings: AuditSettings) -> Figures:
    database = connect(settings.url)
    notes = [p.read_text() for p in published_files(settings)]
    report = verify_database(database, own_keys(settings), notes)
    database.close()
    entries = sum(chain.size for chain in report.chains)
    return {"sound": report.ok, "entries": entries, "notes": len(notes)}


def exported(settings: AuditSettings) -> Figures:
    target = settings.directory / "export"
    done = export(settings.url, Query(), target, load_signer(settings))
    return {"records": done.records, "proven": done.proven}


async def appended(log: AuditLog, records: int, clients: int) -> dict[str, Any]:
    author, start, cpu = Author(), time.perf_counter(), time.process_time()
    await fill(log, records, clients, author)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu - author.seconds
    group = round(records / log.counters.batches, 1)
    return {"appended": records, "group": group} | rates(records, seconds, cpu)


def rss_mib() -> int:
    """The most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def stored_bytes(log: AuditLog) -> int:
    if log.settings.url.startswith("sqlite"):
        return sum(p.stat().st_size for p in log.settings.directory.glob("audit.db*"))
    size = "SELECT pg_database_size(current_database())"
    return int(await log.read(lambda c: c.exec_driver_sql(size).scalar_one()))


async def steps(settings: AuditSettings, records: int, clients: int) -> AsyncIterator[Figures]:
    log = await AuditLog.open(settings)
    if records:
        yield await appended(log, records, clients)
    stored = await log.read(
        lambda c: c.exec_driver_sql("SELECT count(*) FROM audit_record").scalar_one()
    )
    yield {"stored": stored, "bytes_per_record": round(await stored_bytes(log) / stored)}
    for name, queries in searches().items():
        yield {"search": name} | await latencies(log, queries)
    await log.close()
    yield {"verify": alone(verified, settings)}
    yield {"export": alone(exported, settings)}


def searches() -> dict[str, list[Query]]:
    numbers = [random.Random(n).randrange(10_000) for n in range(40)]
    return {
        "request": [Query(request_id=f"{p}_{n:09d}") for n in numbers for p in ("ld", "tg")],
        "text": [Query(text=f"贷款{n}") for n in numbers],
        "rule": [Query(rule=r) for r in RULES * 8],
        "common_text": [Query(text=w) for w in WORDS],
        "rule_facets": [Query(rule=r, facets=True) for r in RULES],
        "text_facets": [Query(text=f"贷款{n}", facets=True) for n in numbers],
        "all_facets": [Query(facets=True)] * 3,
    }


async def report(settings: AuditSettings, records: int, clients: int) -> None:
    async for figures in steps(settings, records, clients):
        say(figures)


def say(figures: Figures) -> None:
    print(json.dumps(figures | {"load_average": round(os.getloadavg()[0], 1)}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--load", type=int, default=0)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--database", default="")
    parser.add_argument("--directory", type=Path, default=None)
    args = parser.parse_args()
    directory = args.directory or Path(tempfile.mkdtemp(prefix="threegate-audit-"))
    url = args.database or f"sqlite:///{directory}/audit.db"
    settings = AuditSettings(url=url, directory=directory)
    if args.load:
        say(load(settings, args.load))
    asyncio.run(report(settings, args.records, args.clients))


if __name__ == "__main__":
    main()
