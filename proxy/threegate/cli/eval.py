"""`threegate eval <task> --data FILE`: the detectors against labelled rows, at the level of a
policy. Exit codes: 0 figures are printed, 1 some rows could not be judged, 2 wrong use."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Any

from rich.console import Console
from rich.table import Table

from threegate.cli import eval_claims
from threegate.cli.errors import misuse, unread
from threegate.cli.progress import progress, warn
from threegate.cli.scan import level_of, opened
from threegate.eval.rows import Read, collected, read
from threegate.eval.run import Evaluation, evaluate, tables, unknown_labels
from threegate.eval.tasks import BY_NAME, Task
from threegate.settings.shipped import CHECKOUT
from threegate.terminal_console import terminal_console

PLAIN_WIDTH = 160
NAMES = (*BY_NAME, eval_claims.NAME)
"""The tasks that can be measured."""
COLUMNS = {
    "n": "n",
    "positives": "pos",
    "precision": "P",
    "recall": "R",
    "f1": "F1",
    "false_positive_rate": "FPR",
    "accuracy": "acc",
    "balanced_accuracy": "bal.acc",
    "auroc": "AUROC",
}


def eval_command(args: argparse.Namespace) -> int:
    if args.task == eval_claims.NAME:
        return eval_claims.run(args, _console())
    task = BY_NAME[args.task]
    rows = _rows(args, task)
    seen = asyncio.run(_judge(task, rows, args))
    report = report_of(task, rows, seen, args.level)
    if args.json:
        print(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        show(report)
    return int(bool(rows.left_out or seen.failed))


def _rows(args: argparse.Namespace, task: Task) -> Read:
    if args.made is None:
        try:
            return read(args.data, task.item_of, held_out=args.held_out)
        except OSError as error:
            raise unread(error) from None
    made = _generators()
    if task.name not in made.TASKS:
        raise misuse("not-made", tasks=", ".join(made.TASKS))
    return collected(made.rows(task.name, args.made, args.seed), task.item_of)


def _generators() -> Any:
    """`bench/made` of the checkout, which is not in the wheel."""
    if not (CHECKOUT / "bench" / "made").is_dir():
        raise misuse("made-in-checkout")
    if str(CHECKOUT) not in sys.path:
        sys.path.append(str(CHECKOUT))
    return import_module("bench.made")


async def _judge(task: Task, rows: Read, args: argparse.Namespace) -> Evaluation:
    kinds = task.kinds | {"compliance"} if task.name == "hazard" else task.kinds
    with opened(args, kinds) as scanner, progress(task.name, len(rows.cases)) as advance:
        return await evaluate(task, rows, scanner, level_of(args), advance)


def report_of(task: Task, rows: Read, seen: Evaluation, level: str) -> dict[str, Any]:
    return {
        "task": task.name,
        "level": level,
        "rows": len(rows.cases),
        "left_out": dict(rows.left_out),
        "failed": dict(seen.failed),
        "unknown_labels": unknown_labels(rows.cases),
        "tables": tables(seen.observations),
    }


def show(report: dict[str, Any], console: Console | None = None) -> None:
    console = console or _console()
    table = _table(f"{report['task']} at {report['level']}", COLUMNS.values())
    for row in report["tables"]:
        table.add_row(row["source"], row["language"], *(_figure(row[c]) for c in COLUMNS))
    console.print(table)
    _show_spans(report["tables"], console)
    _show_three_way(report["tables"], console)
    for name in ("left_out", "failed"):
        for reason, count in report[name].items():
            warn(f"{name.replace('_', ' ')}: {count} × {reason}")
    if report["unknown_labels"]:
        warn(f"labels that nothing here maps: {', '.join(report['unknown_labels'])}")


def _show_spans(rows: list[dict[str, Any]], console: Console) -> None:
    rows = [row for row in rows if "spans" in row]
    if not rows:
        return
    heads = ("n", "P", "R", "F1", "P overlap", "R overlap", "F1 overlap", "false/10k clean")
    table = _table("spans", heads)
    for row in rows:
        spans = row["spans"]
        exact, overlap = spans["exact"], spans["overlap"]
        figures = [exact["n"], *(exact[k] for k in ("precision", "recall", "f1"))]
        figures += [overlap[k] for k in ("precision", "recall", "f1")]
        figures.append(spans["false_per_10k_clean_characters"])
        table.add_row(row["source"], row["language"], *map(_figure, figures))
    console.print(table)
    _show_labels(rows[-1]["spans"], console)


def _show_labels(spans: dict[str, Any], console: Console) -> None:
    columns = ("n", "exact", "overlap", "precision", "f1")
    table = Table("label", "n", "R", "R overlap", "P", "F1")
    for part in ("recall_by_label", "by_check_digit"):
        for name, figures in spans[part].items():
            table.add_row(name, *(_figure(figures[k]) for k in columns))
        table.add_section()
    console.print(table)
    if spans["false_by_kind"]:
        false = ", ".join(f"{k} {n}" for k, n in spans["false_by_kind"].items())
        console.print(f"false findings by kind: {false}")


def _show_three_way(rows: list[dict[str, Any]], console: Console) -> None:
    rows = [row for row in rows if "three_way" in row]
    if not rows:
        return
    table = _table("supported, contradicted, not in the source", ("n", "acc", "bal.acc"))
    for row in rows:
        three = row["three_way"]
        figures = (three["n"], three["accuracy"], three["balanced_accuracy"])
        table.add_row(row["source"], row["language"], *map(_figure, figures))
    console.print(table)


def _console() -> Console:
    """As wide as the tables need if no terminal sets the width."""
    return terminal_console(plain_width=PLAIN_WIDTH)


def _table(title: str, heads: Iterable[str]) -> Table:
    table = Table("source", "language", title=title)
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    return table


def _figure(value: float | None) -> str:
    match value:
        case None:
            return "-"
        case int():
            return str(value)
        case _:
            return f"{value:.3f}"
