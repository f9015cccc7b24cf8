"""`threegate models calibrate FILE --judge NAME`: which scores of a judge are low, medium and high.

Rows are JSON lines: `text`, `label` (true: bad), and `question` if the text is an answer. Prints
the three lines for the settings, and what they would find.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table
from threegate_classifiers.calibrate import language_of

from threegate import settings
from threegate.cli.errors import misuse, unread
from threegate.cli.judges import named, opened_judge
from threegate.cli.language import line
from threegate.eval.judge_levels import ScoredText, common_bars, level_bars
from threegate.policy.model import matches
from threegate.settings import JudgeSettings, Settings
from threegate.terminal_console import terminal_console
from threegate.types import Channel, Failed, Layer, Passage, TextLocation

AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class _Row:
    passage: Passage = field(repr=False)
    bad: bool = False


def calibrate_command(args: argparse.Namespace) -> int:
    known = settings.load(file=args.config)
    chosen = named(args.judge, known)
    rows, unusable = _rows(args.file)
    scored = asyncio.run(_scored(rows, chosen, known, args.kind))
    try:
        _show(scored, args.lang)
    except ValueError:
        raise misuse("rows-of-both") from None
    counts = {"rows": len(rows), "bad": sum(r.bad for r in rows)}
    failed = len(rows) - len(scored)
    print(line("calibrated", args.lang, **counts, failed=failed, unusable=unusable))
    return int(failed > 0)


def _rows(path: Path) -> tuple[list[_Row], int]:
    """Usable rows, and the number of unusable ones. Raises UseError."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise unread(error) from None
    rows = [row for line in lines if (row := _row(line)) is not None]
    return rows, sum(bool(line.strip()) for line in lines) - len(rows)


def _row(line: bytes) -> _Row | None:
    try:
        given: Any = orjson.loads(line)
        text, label = given["text"], given["label"]
        question = given.get("question") or ""
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    if not isinstance(text, str) or not text.strip() or label not in (0, 1):
        return None
    layer, channel = Layer.INPUT, Channel.USER
    if question:
        layer, channel = Layer.OUTPUT, Channel.CONTENT
    return _Row(Passage(TextLocation(layer, channel), text, question=str(question)), bool(label))


async def _scored(
    rows: Sequence[_Row], chosen: JudgeSettings, known: Settings, kind: str
) -> list[ScoredText]:
    places = asyncio.Semaphore(AT_ONCE)
    async with opened_judge(chosen, known) as judge:

        async def one(row: _Row) -> ScoredText | None:
            async with places:
                scores = await judge.scores(row.passage)
            if isinstance(scores, Failed):
                return None
            found = (s.score for s in scores if not kind or not s.kind or matches(kind, s.kind))
            score = max(found, default=0.0)
            return ScoredText(score, row.bad, language_of(row.passage.text))

        made = await asyncio.gather(*map(one, rows))
    return [each for each in made if each is not None]


def _show(scored: Sequence[ScoredText], language: str) -> None:
    table = Table(*line("level-columns", language).split("|"))
    for cells in _lines(scored):
        table.add_row(*cells)
    bars = common_bars(scored) if any(not r.bad for r in scored) else {}
    level_bars(scored)
    terminal_console().print(table)
    print(", ".join(f"{name}: {score}" for name, score in bars.items()))
    if (n := sum(not r.bad for r in scored)) < 1500:
        print(line("few-harmless", language, n=n, most=min(1.0, 3 / n)))


def _lines(scored: Sequence[ScoredText]) -> Iterator[tuple[str, ...]]:
    for language in sorted({r.language for r in scored}):
        rows = [r for r in scored if r.language == language]
        if {r.bad for r in rows} == {True, False}:
            for name, bar in level_bars(rows).items():
                yield language, name, str(bar.score), f"{bar.false_rate:.1%}", f"{bar.recall:.1%}"
