"""How the audit log behaves with many records: rate, size, search, verification, export, memory.

    python bench/audit_log.py --records 1000000 [--database postgresql://…] [--directory DIR]

Each request is two records with text (about 200 and 500 characters, Chinese and English), as the
gateway writes them, by concurrent clients (16 if not said). `--records 0` measures the log that is
there. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threegate.audit import AuditLog, AuditSettings, Content, Part, Query, Record, Stage, Usage
from threegate.audit.commands_read import own_keys, published_files
from threegate.audit.export import export
from threegate.audit.sources import connect
from threegate.audit.store import load_signer
from threegate.audit.verify import verify_database
from threegate.types import (
    Action,
    Caller,
    Channel,
    Decision,
    Finding,
    Layer,
    Level,
    Locus,
    Ruled,
    Span,
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
    locus = Locus(Layer.INPUT, Channel.USER, message=0)
    rule, action = dice.choice(RULES), dice.choice((Action.MASK, Action.FLAG, Action.BLOCK))
    found = Finding("detector", rule, Span(3, 21), 0.91, Level.HIGH, locus)
    ruled = (Ruled(rule, action, found),) if dice.random() < 0.2 else ()
    verdict = Verdict(action if ruled else Action.ALLOW, ruled)
    return Decision("d", request, Layer.INPUT, verdict, "sha256:0123456789abcdef", {"total": 1.5})


async def fill(log: AuditLog, records: int, clients: int, author: Author) -> None:
    async def client(number: int) -> None:
        dice = random.Random(number)
        for n in range(number, records // 2, clients):
            request = f"tg_{n:09d}"
            caller = Caller(f"tenant{n % 5}", f"key{n % 40}", model="deepseek-r1", language="zh")
            made: dict[str, Any] = {
                "request_id": request,
                "caller": caller,
                "subject": f"user{n % 10_000}",
            }
            asked = Content((Part("messages/0/user", author.text(dice, 20)),))
            made["decisions"] = (decision(dice, request),)
            await log.append(Record(stage=Stage.RECEIVED, **made), asked)
            told = Content((Part("choices/0/content", author.text(dice, 50)),))
            usage = Usage(input=120, output=300)
            await log.append(Record(stage=Stage.COMPLETED, usage=usage, **made), told)

    await asyncio.gather(*(client(c) for c in range(clients)))


async def latencies(log: AuditLog, queries: list[Query]) -> dict[str, float]:
    took = []
    for query in queries:
        start = time.perf_counter()
        await log.search(query)
        took.append((time.perf_counter() - start) * 1000)
    return {
        "p50_ms": round(statistics.median(took), 1),
        "p95_ms": round(sorted(took)[-len(took) // 20 - 1], 1),
    }


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    return work(), round(time.perf_counter() - start, 1)


def verified(settings: AuditSettings) -> bool:
    database = connect(settings.url)
    notes = [p.read_text() for p in published_files(settings)]
    report = verify_database(database, own_keys(settings), notes)
    database.close()
    return report.ok


async def appended(log: AuditLog, records: int, clients: int) -> dict[str, Any]:
    author, start, cpu = Author(), time.perf_counter(), time.process_time()
    await fill(log, records, clients, author)
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu - author.seconds
    return {
        "append_per_s": round(records / seconds),
        "cpu_us_per_record": round(cpu / records * 1e6),
        "records_per_commit": round(records / log.counters.batches, 1),
        "append_rss_mib": rss_mib(),
    }


def rss_mib() -> int:
    """The most memory that this process has had so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def stored_bytes(log: AuditLog) -> int:
    if log.settings.url.startswith("sqlite"):
        return sum(p.stat().st_size for p in log.settings.directory.glob("audit.db*"))
    size = "SELECT pg_database_size(current_database())"
    return int(await log.read(lambda c: c.exec_driver_sql(size).scalar_one()))


async def run(settings: AuditSettings, records: int, clients: int) -> dict[str, Any]:
    log = await AuditLog.open(settings)
    out: dict[str, Any] = await appended(log, records, clients) if records else {}
    stored = await log.read(
        lambda c: c.exec_driver_sql("SELECT count(*) FROM audit_record").scalar()
    )
    out["stored"] = stored
    out["bytes_per_record"] = round(await stored_bytes(log) / stored)
    numbers = [random.Random(n).randrange(10_000) for n in range(40)]
    out["text"] = await latencies(log, [Query(text=f"贷款{n}") for n in numbers])
    out["common_text"] = await latencies(log, [Query(text=w) for w in WORDS])
    out["rule"] = await latencies(log, [Query(rule=r) for r in RULES * 8])
    out["request"] = await latencies(log, [Query(request_id=f"tg_{n:09d}") for n in numbers])
    out["facets"] = await latencies(log, [Query(rule=r, facets=True) for r in RULES])
    await log.close()
    out["verified"], out["verify_s"] = timed(lambda: verified(settings))
    out["verify_rss_mib"] = rss_mib()
    target = settings.directory / "export"
    done, out["export_s"] = timed(
        lambda: export(settings.url, Query(), target, load_signer(settings))
    )
    out["export_proven"] = done.proven
    out["export_rss_mib"] = rss_mib()
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--database", default="")
    parser.add_argument("--directory", type=Path, default=None)
    args = parser.parse_args()
    directory = args.directory or Path(tempfile.mkdtemp(prefix="threegate-audit-"))
    url = args.database or f"sqlite:///{directory}/audit.db"
    settings = AuditSettings(url=url, directory=directory)
    print(json.dumps(asyncio.run(run(settings, args.records, args.clients)), indent=2))


if __name__ == "__main__":
    main()
