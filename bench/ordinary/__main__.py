"""Runs the conversations through a proxy with the pack `base` and the shipped models.

    PYTHONPATH=proxy:classifiers python -m bench.ordinary [--only TEXT] [--forms] [--out FILE.json]

Each conversation is sent whole and streamed. Nothing may be stopped, marked or changed but the
named values, and these must come back. `--forms` also lets the model write placeholders in other
forms. Exit code 1 where something did not hold. `tests/bench/test_ordinary.py` runs the same
without models.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from threegate.detectors import sentence_judging

from bench.ordinary.conversations import conversations
from bench.ordinary.outcome import Outcome, summary
from bench.ordinary.run import run

DEADLINE_MS = 60_000
"""Of every model: what a busy machine delays is no verdict."""


def _wait_for_verdicts() -> None:
    query, judge = sentence_judging._query, sentence_judging
    judge._query = lambda detector, texts, deadline_ms: query(detector, texts, DEADLINE_MS)


def _print(outcome: Outcome) -> None:
    if outcome.wrong:
        way = "streamed" if outcome.stream else "whole"
        print(f"{outcome.id} ({way}, {outcome.form})", flush=True)
        for line in outcome.wrong:
            print(f"    {line}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="conversations whose id contains this")
    parser.add_argument("--forms", action="store_true")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    _wait_for_verdicts()
    chosen = [c for c in conversations() if args.only in c.id]
    outcomes = asyncio.run(run(chosen, classifiers="required", forms=args.forms, report=_print))
    figures = summary(outcomes)
    print(json.dumps(figures, indent=1, ensure_ascii=False))
    if args.out:
        made = {"figures": figures, "wrong": [asdict(o) for o in outcomes if o.wrong]}
        args.out.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return int(any(outcome.wrong for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
