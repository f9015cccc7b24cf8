"""One scenario, or all: every system in turn, several rounds, medians and ratios as JSON.

    scripts/bench                               # all scenarios, three rounds
    scripts/bench plain guarded --rounds 1      # some
    scripts/bench --only direct,threegate-off   # some systems
    scripts/bench --peers nemo,aegis            # ours, the references, and these peers

Writes bench/results/speed-<machine>.json. On a shared machine trust the processor time of the
system's own processes and the ratios, not requests per second.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.speed import load, prompts
from bench.speed.peers import SYSTEMS, versions
from bench.speed.systems import HERE, HOME, MOCK_PORT, OWN, System

RESULTS = HERE.parent / "results"
REFERENCES = ("direct", "nginx")
OURS = ("threegate-off", "threegate-input", "threegate-patterns")
SLOW = ("litellm-presidio", "privaite", "aegis-mask", "nemo-mask")
"""With spaCy, up to seconds of CPU a call: one call at a time, so that what is cut off at the end
of a round counts little."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`loads` are (prompt set, calls at once)."""

    name: str
    systems: tuple[str, ...]
    loads: tuple[tuple[str, int], ...]
    stream_gap_ms: float | None = None
    seconds: int = 3


MEDIUM = (("medium_en", 16), ("medium_zh", 16))
PERSONAL = (("medium_en_pii", 16), ("medium_zh_pii", 16))
SCENARIOS = (
    Scenario("plain", ("threegate-off", "portkey", "litellm", "nemo", "aegis"), MEDIUM),
    Scenario(
        "guarded",
        (*OURS[1:], "cloakwall-restore", "portkey-regex", "litellm-filter", "nemo-regex"),
        PERSONAL,
    ),
    Scenario("entities", ("threegate-patterns", *SLOW), (("medium_en_pii", 1),), seconds=8),
    Scenario("concurrency", ("threegate-patterns", "portkey"), (("short_en", 1), ("short_en", 64))),
    Scenario(
        "long", ("threegate-patterns", "cloakwall-restore", "portkey-regex"), (("long_en_pii", 1),)
    ),
    Scenario(
        "stream",
        (*OURS, "cloakwall-output", "portkey", "litellm"),
        (("short_en_pii", 16), ("short_en_pii", 64), ("short_zh_pii", 64)),
        stream_gap_ms=10,
    ),
    Scenario(
        "stream-entities",
        ("threegate-patterns", *SLOW),
        (("short_en_pii", 4),),
        stream_gap_ms=10,
    ),
    Scenario("streams-256", ("threegate-patterns",), (("short_en", 256),), stream_gap_ms=40),
    Scenario("models", ("threegate-everything",), (("short_en", 4), ("short_zh", 4))),
    Scenario(
        "stream-models",
        ("threegate-everything",),
        (("short_en", 1), ("short_en", 4), ("short_zh", 4)),
        stream_gap_ms=10,
    ),
)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("scenarios", nargs="*", choices=[[], *(s.name for s in SCENARIOS)])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="systems, separated by commas")
    parser.add_argument("--peers", default="", help="these and ours, separated by commas")
    parser.add_argument("--out", type=Path, default=RESULTS / f"speed-{platform.node()}.json")
    asked = parser.parse_args()
    chosen = [s for s in SCENARIOS if not asked.scenarios or s.name in asked.scenarios]
    only = wanted(asked.only, asked.peers)
    with mock():
        rows = [row for s in chosen for row in measured(narrowed(s, only), asked.rounds)]
    kept = [r for r in _recorded(asked.out) if r["scenario"] not in {s.name for s in chosen}]
    report = {"machine": machine(), "rows": kept + medians(rows)}
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0


def wanted(only: str, peers: str) -> frozenset[str]:
    """Names of systems. A peer's name stands for all its configurations."""
    if not peers:
        return frozenset(filter(None, only.split(","))) or frozenset(SYSTEMS)
    names = peers.split(",")
    found = {s for s in SYSTEMS for n in names if s == n or s.startswith(f"{n}-")}
    return frozenset({*OWN, *found})


def _recorded(path: Path) -> list[Row]:
    rows: list[Row] = json.loads(path.read_text("utf-8"))["rows"] if path.exists() else []
    return rows


def narrowed(scenario: Scenario, only: frozenset[str]) -> Scenario:
    names = (*REFERENCES, *scenario.systems)
    there = [n for n in names if SYSTEMS[n].installed and n in only]
    for name in sorted(set(names) - set(there)):
        print(f"{scenario.name}: {name} is left out", file=sys.stderr)
    return replace(scenario, systems=tuple(there))


@contextmanager
def mock() -> Iterator[None]:
    command = (sys.executable, "-m", "bench.speed.mock", "--port", str(MOCK_PORT))
    system = System("mock-threegate", MOCK_PORT, command)
    with load.running(system):
        yield


def measured(scenario: Scenario, rounds: int) -> Iterator[Row]:
    for turn in range(rounds):
        for name in scenario.systems:
            try:
                with load.running(SYSTEMS[name]) as target:
                    yield from _loads(scenario, target, turn)
            except (RuntimeError, TimeoutError) as error:
                print(f"{name}: {error!r}", file=sys.stderr)


def _loads(scenario: Scenario, target: load.Running, turn: int) -> Iterator[Row]:
    for name, at_once in scenario.loads:
        figures = _one(scenario, target, name, at_once)
        place: Row = {"scenario": scenario.name, "system": target.system.name}
        place |= {"prompts": name, "at_once": at_once, "round": turn}
        row = {**place, **figures, "start_s": target.start_s, "load": os.getloadavg()[0]}
        print({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}, flush=True)
        yield row


def _one(scenario: Scenario, target: load.Running, name: str, at_once: int) -> load.Figures:
    if scenario.stream_gap_ms is not None:
        bodies = prompts.bodies(name, stream=True)
        return load.streams(target, bodies, at_once, scenario.stream_gap_ms)
    path = prompts.write(name, HOME / "run" / f"{name}.jsonl", stream=False)
    return load.whole_answers(target, path, at_once, scenario.seconds)


def medians(rows: list[Row]) -> list[Row]:
    """One row per place: the median of each figure over the rounds, and how often it was taken."""
    places: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        key = tuple(row[k] for k in ("scenario", "system", "prompts", "at_once"))
        places.setdefault(key, []).append(row)
    return [_median(group) for group in places.values()]


def _median(group: list[Row]) -> Row:
    out = {k: v for k, v in group[0].items() if k != "round"}
    for name, value in out.items():
        if isinstance(value, int | float) and name != "at_once":
            out[name] = round(statistics.median(row[name] for row in group), 4)
    return {**out, "rounds": len(group)}


def machine() -> Row:
    model = next(
        (x.split(":")[1].strip() for x in Path("/proc/cpuinfo").read_text().splitlines()
         if x.startswith("model name")), platform.processor(),
    )  # fmt: skip
    stamp = datetime.now(UTC).isoformat(timespec="seconds")
    out: Row = {"processor": model, "cores": os.cpu_count(), "python": platform.python_version()}
    out |= {"peers": versions()}
    return {**out, "when": stamp, "load_at_end": round(os.getloadavg()[0], 1), "unix": time.time()}


if __name__ == "__main__":
    sys.exit(main())
