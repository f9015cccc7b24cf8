"""What each rule set adds to a stream: first text, every piece, processor time, characters held.

    python -m bench.speed.rules   # all, three rounds; into bench/results
    python -m bench.speed.rules pii secrets --rounds 1  # some, printed alone

A proxy of its own per rule set, in front of the mock, whose answers are new in each stream. The
columns `+` are what is added to the proxy that checks nothing. Writes
bench/results/rules-<machine>.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.speed import load, mock, prompts, run
from bench.speed.rule_sets import PACKS, RULE_SETS, RuleSet
from bench.speed.rules_page import written
from bench.speed.systems import MOCK_PORT, System, threegate

SCENARIO = "rule-sets"
LANGUAGES = ("en", "zh")
GAP_MS = 20.0
DIRECT = System("direct", MOCK_PORT)


def main() -> int:
    parser = argparse.ArgumentParser()
    names = [s.name for s in RULE_SETS]
    parser.add_argument("sets", nargs="*", choices=[[], *names])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, default=1)
    parser.add_argument("--out", type=Path, default=run.RESULTS / f"rules-{platform.node()}.json")
    asked = parser.parse_args()
    chosen = [s for s in RULE_SETS if not asked.sets or s.name in asked.sets]
    with run.mock():
        rows = [row for turn in range(asked.rounds) for row in _round(chosen, turn, asked.at_once)]
    report = {"machine": run.machine(), "rows": settled(rows)}
    asked.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    written(report, save=not asked.sets)
    return 0


def settled(rows: list[run.Row]) -> list[run.Row]:
    """Medians of the streams that came to their end, and how many did not."""
    ended = run.medians([row for row in rows if not row["errors"]])
    places = {_place(row) for row in ended}
    ended += run.medians([row for row in rows if _place(row) not in places])
    return [{**row, "errors": sum(r["errors"] for r in rows if _place(r) == _place(row))}
            for row in ended]  # fmt: skip


def _place(row: run.Row) -> tuple[str, str]:
    return row["system"], row["prompts"]


def _round(chosen: list[RuleSet], turn: int, at_once: int) -> Iterator[run.Row]:
    for one in (None, *chosen):
        with load.running(DIRECT if one is None else _system(one)) as target:
            for language in LANGUAGES:
                yield _measured(target, one, language, turn, at_once)


def _system(one: RuleSet) -> System:
    """Its rules in a pack of their own, unless they are a pack that is shipped."""
    if one.policies:
        return threegate(f"threegate-{one.name}", one.name, one.policies, models=one.models)
    PACKS.mkdir(parents=True, exist_ok=True)
    (PACKS / f"{one.name}.yaml").write_text(json.dumps(one.pack(), ensure_ascii=False), "utf-8")
    return threegate(f"threegate-{one.name}", one.name, PACKS.parent, models=one.models)


def _measured(
    target: load.Running, one: RuleSet | None, language: str, turn: int, at_once: int
) -> run.Row:
    bodies = [
        _asked(b, one, language) for b in prompts.bodies(f"short_{language}_pii", stream=True)
    ]
    load.streams(target, bodies[:1], 1, gap_ms=1)  # what a first call loads
    place: run.Row = {"scenario": SCENARIO, "system": one.name if one else "direct"}
    place |= {"prompts": language, "at_once": at_once, "round": turn}
    figures = load.streams(target, bodies, at_once, GAP_MS)
    row = {**place, **figures, "start_s": target.start_s, "load": os.getloadavg()[0]}
    print({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}, flush=True)
    return row


def _asked(body: dict[str, Any], one: RuleSet | None, language: str) -> dict[str, Any]:
    *before, last = body["messages"]
    said = {**last, "content": f"{last['content']} zqfresh"}
    source = {"context": [mock.TEXTS[language]]} if one and one.sources else {}
    return {**body, **source, "messages": [*before, said]}


if __name__ == "__main__":
    sys.exit(main())
