"""Against the last recorded run on the same machine, before a release.

    python bench/compare.py OLD.json NEW.json --worse 1.25

Prints every figure that grew by more than the factor and exits 1 if there is one. Processor time,
memory and delays count; requests per second do not, as they depend on what else the machine does.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

COUNTED = {"cpu_ms": 0.05, "cpu_us_event": 5.0, "first_ms": 1.0, "delay_p50_ms": 0.5, "rss_mb": 10}
"""Figures where less is better, and the growth below which nothing is said."""

Place = tuple[str, str, str, int]


def places(path: Path) -> dict[Place, dict[str, Any]]:
    rows = json.loads(path.read_text("utf-8"))["rows"]
    return {(r["scenario"], r["system"], r["prompts"], r["at_once"]): r for r in rows}


def worse(old: Path, new: Path, factor: float) -> Iterator[str]:
    before, after = places(old), places(new)
    for place in sorted(before.keys() & after.keys()):
        for name, least in COUNTED.items():
            was, now = before[place].get(name), after[place].get(name)
            if was and now and now > was * factor and now - was > least:
                yield f"{' '.join(map(str, place))}: {name} {was:g} -> {now:g}"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--worse", type=float, default=1.25)
    asked = parser.parse_args()
    lines = list(worse(asked.old, asked.new, asked.worse))
    print("\n".join(lines) or "nothing is slower")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
