"""The task `claims` of `threegate eval`: whole answers only, a table by sources and verdict. With
`--judge NAME` a judge of the settings is measured beside the model."""

from __future__ import annotations

import argparse
import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

from rich.console import Console
from rich.table import Table

from threegate import settings
from threegate.cli.errors import misuse, unread
from threegate.cli.judges import named, opened_judge
from threegate.cli.progress import progress, warn
from threegate.cli.scan import level_of, opened
from threegate.eval.claims import TASK, Figures, Way, measure, tables
from threegate.eval.rows import Read, read

NAME = TASK.name


def run(args: argparse.Namespace, console: Console) -> int:
    """Raises UseError."""
    if not args.data:
        raise misuse("needs-data")
    if args.judge and args.no_models:
        raise misuse("judge-needs-models")
    try:
        rows = read(args.data, TASK.item_of, held_out=args.held_out)
    except OSError as error:
        raise unread(error) from None
    made = asyncio.run(_measure(rows, args))
    report = report_of(rows, made, args.level)
    if args.json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        _show(report, console)
    return int(bool(rows.left_out or made.failed))


async def _measure(rows: Read, args: argparse.Namespace) -> Figures:
    """Without a model only numbers are compared; with a judge, only the judge and the model are."""
    ways = [Way.NUMBERS] if args.no_models else [w for w in Way if w is not Way.JUDGE]
    async with AsyncExitStack() as stack:
        judge = None
        if args.judge:
            ways, known = [Way.OWN, Way.JUDGE], settings.load(file=args.config)
            chosen = named(args.judge, known)
            judge = await stack.enter_async_context(opened_judge(chosen, known))
        scanner = stack.enter_context(opened(args, TASK.kinds))
        advance = stack.enter_context(progress(NAME, len(rows.cases) * len(ways)))
        return await measure(rows, scanner, level_of(args), advance, ways, judge)


def report_of(rows: Read, made: Figures, level: str) -> dict[str, Any]:
    return {
        "task": NAME,
        "level": level,
        "rows": len(rows.cases),
        "left_out": dict(rows.left_out),
        "failed": dict(made.failed),
        "tables": tables(made),
    }


def _show(report: dict[str, Any], console: Console) -> None:
    table = Table("sources", "language", "verdict", title=f"claims at {report['level']}")
    for head in ("n", "P", "R", "F1", "acc", "bal.acc"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in report["tables"]:
        for verdict, found in row["verdicts"].items():
            figures = (found["precision"], found["recall"], found["f1"])
            whole = (row["accuracy"], row["balanced_accuracy"])
            shown = ["-" if f is None else f"{f:.3f}" for f in (*figures, *whole)]
            table.add_row(row["sources"], row["language"], verdict, str(found["n"]), *shown)
    console.print(table)
    for name in ("left_out", "failed"):
        for reason, count in report[name].items():
            warn(f"{name.replace('_', ' ')}: {count} × {reason}")
