"""Soak: mixed traffic with faults and attacks for any length, and what it leaves behind.

    PYTHONPATH=. python bench/soak.py --minutes 100 --rate 3 --out bench/results/soak.json
    PYTHONPATH=. python bench/soak.py --postgres URL --redis URL --workers 2 ...

Runs the real program with classifiers on, in front of the demo model in a process of its own.
Some hundred times it reads memory, file descriptors and threads of all its processes from /proc and
the event loops' tasks from `/metrics`. The caches of judged texts and of the models are made small
(`bench/small_caches`), so that they are full after the warm-up: at a few calls a second they fill
for hours, which is no leak. After the warm-up memory must grow by less than 1 MiB an
hour. The slope is a least-squares fit over the minima of blocks of equal length, with a 95 %
interval: minima because what a call gives back (a log-in hashes in 64 MiB) is no growth, blocks
because samples that follow each other are not independent. Beside it stands the slope of what is in
use: the C heap by `mallinfo2` and Python's blocks (`bench/small_caches/heap_log`). Where these are
flat what grows is free space in arenas: more calls in progress at once than before. It also counts
answers with a status that their kind does not allow, and ends with `threegate audit verify`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import multiprocessing
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final

import aiohttp
import numpy as np

from bench.soak_traffic import KINDS, PATIENCE, Kind, send
from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve

ROOT: Final = Path(__file__).parents[1]
SAMPLES: Final = 360
BLOCKS: Final = 12
STUDENT_10: Final = 2.228
"""Two-sided 95 % quantile of Student's t with BLOCKS - 2 degrees of freedom."""
AT_MOST_MIB_HOUR: Final = 1.0
TASKS: Final = re.compile(r"^threegate_tasks ([0-9.e+]+)", re.M)
CONFIG: Final = (
    "upstreams: [{{url: '{url}', failures: 1000000, connect_s: 60,"
    " first_byte_s: 60, idle_s: 60}}]\n"
)
"""It never rests, so that a fault fails its own call only; a hanging answer ends after a minute. A
model that gets no CPU for some seconds on a busy machine is no fault of the proxy."""
BURST_S: Final = 120.0
STOPS_IN_S, KILLED_AFTER_S = 60.0, 420.0
"""How soon a server without calls must have stopped, and how long it is watched beyond that."""


@dataclass(frozen=True, slots=True)
class Sample:
    """`at` seconds after the start; memory in MiB, sums over the program's processes."""

    at: float
    rss: float
    pss: float
    private: float
    files: int
    threads: int
    tasks: float
    disk: float


@dataclass
class Soak:
    url: str
    process: subprocess.Popen[bytes]
    var: Path
    samples: list[Sample] = field(default_factory=list)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    live: Path | None = None

    def keep(self, taken: Sample) -> None:
        self.samples.append(taken)
        if self.live is not None:
            with self.live.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(list(asdict(taken).values())) + "\n")


@contextmanager
def demo_model() -> Iterator[str]:
    """In a process of its own, so that its memory is not counted."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=_serve_demo, args=(far,), daemon=True)
    process.start()
    try:
        yield near.recv()
    finally:
        process.terminate()
        process.join()


def _serve_demo(pipe: Any) -> None:
    with serve(ScriptedUpstream().app) as url:
        pipe.send(url)
        signal.pause()


@contextmanager
def program(given: argparse.Namespace, folder: Path, upstream: str) -> Iterator[Soak]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    config, var = folder / "threegate.yaml", folder / "var"
    config.write_text(CONFIG.format(url=upstream), "utf-8")
    environment = {**os.environ, "THREEGATE_CONFIG": str(config)}
    if given.postgres:
        environment["THREEGATE_AUDIT_URL"] = given.postgres
    if given.redis:
        environment["THREEGATE_STATE_URL"] = given.redis
    paths = [str(ROOT / "bench/small_caches"), os.environ.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    environment["SOAK_HEAP"] = str(folder)
    command = [sys.executable, "-m", "threegate", "serve", "--port", str(port), "--var", str(var)]
    command += ["--workers", str(given.workers)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        yield Soak(f"http://127.0.0.1:{port}", process, var, live=given.live)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> float:
    """Seconds until the process had ended; infinite where it had to be killed."""
    started = time.monotonic()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(KILLED_AFTER_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return math.inf
    return round(time.monotonic() - started, 1)


def processes(pid: int) -> list[int]:
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(p for child in children for p in processes(int(child)))]


def sample(soak: Soak, started: float, metrics: str) -> Sample:
    pids = processes(soak.process.pid)
    rolled = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
    statuses = [Path(f"/proc/{pid}/status").read_text() for pid in pids]
    tasks = TASKS.search(metrics)
    disk = sum(f.stat().st_size for f in soak.var.rglob("*") if f.is_file())
    return Sample(
        round(time.monotonic() - started, 1),
        _mib(rolled, "Rss"),
        _mib(rolled, "Pss"),
        _mib(rolled, "Private_Dirty"),
        sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids),
        sum(_number(text, "Threads") for text in statuses),
        float(tasks[1]) if tasks else float("nan"),
        round(disk / 2**20, 2),
    )


def _mib(texts: list[str], name: str) -> float:
    return round(sum(_number(text, name) for text in texts) / 1024, 2)


def _number(text: str, name: str) -> int:
    return int(re.search(rf"^{name}:\s+(\d+)", text, re.M)[1])  # type: ignore[index]


async def soaked(soak: Soak, given: argparse.Namespace) -> None:
    started, minutes = time.monotonic(), given.minutes
    # Shorter than the server's own: a connection that both ends close is no error of either.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=1)
    async with aiohttp.ClientSession(soak.url, timeout=PATIENCE, connector=connector) as session:
        await _ready(soak, session)
        async with asyncio.TaskGroup() as group:
            group.create_task(_watch(soak, session, started, minutes))
            group.create_task(_traffic(soak, session, started, minutes, given.rate, given.seed))
            warm = started + minutes * 60 * given.warm_up
            group.create_task(_bursts(soak, session, warm, given.burst, given.seed))


async def _ready(soak: Soak, session: aiohttp.ClientSession) -> None:
    while soak.process.poll() is None:
        try:
            async with session.get("/readyz") as reply:
                if reply.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.5)
    raise SystemExit("the program did not start")


async def _watch(
    soak: Soak, session: aiohttp.ClientSession, started: float, minutes: float
) -> None:
    while time.monotonic() < started + minutes * 60:
        await asyncio.sleep(minutes * 60 / SAMPLES)
        try:
            async with session.get("/metrics", headers={"connection": "close"}) as reply:
                metrics = await reply.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            soak.wrong[f"metrics: {type(error).__name__}"] += 1
        else:
            soak.keep(sample(soak, started, metrics))


async def _traffic(
    soak: Soak,
    session: aiohttp.ClientSession,
    started: float,
    minutes: float,
    rate: float,
    seed: int,
) -> None:
    """Calls at moments drawn in advance (open loop), so a slow proxy does not slow its load."""
    dice, weights = random.Random(seed), [k.weight for k in KINDS]
    async with asyncio.TaskGroup() as group:
        while time.monotonic() < started + minutes * 60:
            await asyncio.sleep(dice.expovariate(rate))
            (kind,) = dice.choices(KINDS, weights)
            group.create_task(_one(soak, session, kind, dice.randrange(2**62)))


async def _bursts(
    soak: Soak, session: aiohttp.ClientSession, until: float, size: int, seed: int
) -> None:
    """So many calls at once now and then in the warm-up, more than come together by chance later:
    free space in arenas grows with the most calls that were ever in progress."""
    dice, weights = random.Random(~seed), [k.weight for k in KINDS]
    async with asyncio.TaskGroup() as group:
        while time.monotonic() + BURST_S < until:
            await asyncio.sleep(BURST_S)
            for kind in dice.choices(KINDS, weights, k=size):
                group.create_task(_one(soak, session, kind, dice.randrange(2**62)))


async def _one(soak: Soak, session: aiohttp.ClientSession, kind: Kind, seed: int) -> None:
    try:
        status = await send(session, kind.make(random.Random(seed)))
    except (aiohttp.ClientError, TimeoutError) as error:
        soak.wrong[f"{kind.name}: {type(error).__name__}"] += 1
        return
    soak.statuses[kind.name, status] += 1
    if status not in kind.right:
        soak.wrong[f"{kind.name}: {status}"] += 1


@dataclass(frozen=True, slots=True)
class Slope:
    """Growth in MiB an hour and half the width of its 95 % interval."""

    per_hour: float
    margin: float


def slope(samples: list[Sample], value: str) -> Slope:
    return fitted_slope([(s.at, getattr(s, value)) for s in samples])


def fitted_slope(samples: list[tuple[float, float]]) -> Slope:
    """Of values at seconds."""
    blocks = np.array_split(np.array([(at / 3600, value) for at, value in samples]), BLOCKS)
    points = np.array([(median(b[:, 0]), b[:, 1].min()) for b in blocks])
    hours, values = points[:, 0] - points[:, 0].mean(), points[:, 1]
    spread = float((hours**2).sum())
    fitted = float((hours * values).sum()) / spread
    rest = values - values.mean() - fitted * hours
    error = float(np.sqrt((rest**2).sum() / (BLOCKS - 2) / spread))
    return Slope(round(fitted, 2), round(STUDENT_10 * error, 2))


def in_use(folder: Path, warm_up_s: float) -> dict[str, Any]:
    """Growth an hour after the warm-up of each process that ran to the end, from the log of its
    heap."""
    logs = [
        [tuple(map(float, line.split())) for line in file.read_text().splitlines()]
        for file in sorted(folder.glob("heap-*"))
    ]
    end = max((log[-1][0] for log in logs), default=0.0)
    grown: dict[str, Any] = {}
    for number, log in enumerate(log for log in logs if log[-1][0] > end - 60):
        warm = [row for row in log if row[0] >= log[0][0] + warm_up_s]
        if len(warm) >= BLOCKS:
            heap, blocks = ([(row[0], row[n]) for row in warm] for n in (1, 2))
            grown[f"process {number}"] = {
                "heap_mib": asdict(fitted_slope(heap)),
                "python_blocks": asdict(fitted_slope(blocks)),
            }
    return grown


def report(soak: Soak, warm_up_s: float, verified: str) -> dict[str, Any]:
    warm = [s for s in soak.samples if s.at >= warm_up_s]
    first, last = warm[: len(warm) // 4], warm[-len(warm) // 4 :]
    flat = {
        name: [median(getattr(s, name) for s in part) for part in (first, last)]
        for name in ("files", "threads", "tasks")
    }
    hour = [s for s in soak.samples if s.at >= soak.samples[-1].at - 3600]
    growth = {name: asdict(slope(warm, name)) for name in ("rss", "pss", "private")}
    return {
        "hours": round(soak.samples[-1].at / 3600, 2),
        "warm_up_minutes": round(warm_up_s / 60, 1),
        "calls": sum(soak.statuses.values()),
        "rss_mib": [warm[0].rss, warm[-1].rss],
        "growth_mib_per_hour": growth,
        "growth_of_the_last_hour": asdict(slope(hour, "private")),
        "flat_first_and_last_quarter": flat,
        "disk_mib": warm[-1].disk,
        "wrong": dict(soak.wrong),
        "statuses": {f"{k}: {s}": n for (k, s), n in sorted(soak.statuses.items())},
        "verified": verified,
        "samples": [list(asdict(s).values()) for s in soak.samples[::6]],
    }


def passed(made: dict[str, Any]) -> bool:
    """Growth counts where its whole interval lies over the limit or its estimate does."""
    flat = all(
        last <= first * 1.1 + 3 for first, last in made["flat_first_and_last_quarter"].values()
    )
    grown = made["growth_mib_per_hour"]["private"]["per_hour"]
    ended = made["verified"].startswith("ok") and made["stopped_s"] <= STOPS_IN_S
    return flat and grown < AT_MOST_MIB_HOUR and not made["wrong"] and ended


def verify(given: argparse.Namespace, var: Path) -> str:
    command = [sys.executable, "-m", "threegate", "audit", "verify", "--lang", "en"]
    command += ["--database", given.postgres or f"sqlite:///{var / 'audit.sqlite3'}"]
    command += ["--directory", str(var / "audit")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return (
        f"{'ok' if done.returncode == 0 else 'NOT OK'}: {' | '.join(done.stdout.splitlines()[-4:])}"
    )


def options() -> argparse.Namespace:
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument("--minutes", type=float, default=100)
    made.add_argument("--warm-up", type=float, default=0.25, help="part of the time")
    made.add_argument("--rate", type=float, default=3, help="calls a second")
    made.add_argument("--burst", type=int, default=12, help="calls at once in the warm-up")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--workers", type=int, default=1)
    made.add_argument("--postgres", default="", help="URL of an empty database")
    made.add_argument("--redis", default="", help="URL")
    made.add_argument("--live", type=Path, help="file for each sample as it is taken")
    made.add_argument("--out", type=Path)
    return made.parse_args()


def main() -> int:
    given = options()
    with tempfile.TemporaryDirectory() as name, demo_model() as upstream:
        with program(given, Path(name), upstream) as soak:
            asyncio.run(soaked(soak, given))
            stopped = stop(soak.process)
        made = report(soak, given.minutes * 60 * given.warm_up, verify(given, soak.var))
        made["in_use_per_hour"] = in_use(Path(name), given.minutes * 60 * given.warm_up)
    made["stopped_s"] = stopped
    made["passed"] = passed(made)
    text = json.dumps(made, indent=1, ensure_ascii=False)
    print(text if given.out is None else json.dumps({**made, "samples": "…"}, indent=1))
    if given.out:
        given.out.write_text(text + "\n", "utf-8")
    return 0 if made["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
