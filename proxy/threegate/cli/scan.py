"""`threegate scan`: one text readably, or JSON lines in, JSON lines out.

Exit codes: 0 fine, 1 some line could not be answered (its output line says why), 2 wrong use.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

from threegate import settings as settings_module
from threegate.cli.errors import misuse
from threegate.cli.progress import progress, warn
from threegate.policy.kinds import KINDS as VOCABULARY
from threegate.policy.kinds import is_known
from threegate.scan.flow import in_order
from threegate.scan.item import LineError, Role, ScanItem, item_of_line, sources_of
from threegate.scan.open import KINDS, scanner
from threegate.scan.scanner import Scanner, as_json, failed_json
from threegate.scan.show import show
from threegate.terminal import inert
from threegate.types import Level


def opened(
    args: argparse.Namespace, kinds: frozenset[str] = KINDS
) -> AbstractContextManager[Scanner]:
    """The scanner that the arguments select. Raises ModelError, UseError."""
    chosen = _kinds(args.kinds) or kinds
    given = {"models": args.models, "threads": args.threads}
    settings = settings_module.load(given=given, file=args.config)
    models = None if args.no_models else settings.models
    return scanner(
        models, chosen, threads=settings.threads or None, report=warn, language=args.lang
    )


def _kinds(text: str) -> frozenset[str]:
    """Raises UseError for a kind that nothing can report, because a typo would silently find
    nothing."""
    chosen = frozenset(k.strip() for k in text.split(",") if k.strip())
    unknown = sorted(k for k in chosen if not is_known(k, VOCABULARY))
    if unknown:
        raise misuse("no-kind", kind=unknown[0])
    return chosen


def level_of(args: argparse.Namespace) -> Level:
    return Level[args.level.upper()]


def scan_command(args: argparse.Namespace) -> int:
    lines = _input(args) if args.jsonl else None  # wrong use is reported before models are loaded
    with opened(args) as detectors:
        if lines is not None:
            return asyncio.run(scan_lines(detectors, lines, sys.stdout.buffer, level_of(args)))
        return asyncio.run(_scan_one(detectors, args))


def _input(args: argparse.Namespace) -> BinaryIO:
    if args.text is not None:
        raise misuse("lines-from-input")
    return sys.stdin.buffer


async def _scan_one(detectors: Scanner, args: argparse.Namespace) -> int:
    text = args.text if args.text is not None else sys.stdin.read()
    sources = sources_of(args.context)
    item = ScanItem(text, None, Role(args.role), args.prompt or "", sources, args.claim)
    answer = await detectors.scan(item)
    if answer.failures:
        warn(failed_json(item, answer)["error"])
        return 1
    if args.json:
        print(_line(as_json(item, answer, level_of(args))).decode(), end="")
    else:
        show(item, answer, level_of(args), args.lang)
    return 0


async def scan_lines(detectors: Scanner, source: BinaryIO, out: BinaryIO, level: Level) -> int:
    """One output line per non-blank input line, in order. Returns 1 if one has an error. Raises
    BrokenPipeError if the reader is gone."""

    async def work(item: ScanItem | LineError) -> dict[str, Any]:
        return await answer_line(detectors, item, level)

    broken = False
    with progress("scan") as advance:
        writer = _Writer(out, advance)
        try:
            await in_order(_items(source), work, writer.put, size=_size, limit=detectors.in_flight)
        except* BrokenPipeError:
            broken = True
    if broken:
        raise BrokenPipeError
    return int(writer.failed)


async def answer_line(
    detectors: Scanner, item: ScanItem | LineError, level: Level
) -> dict[str, Any]:
    if isinstance(item, LineError):
        return {"id": item.id, "error": str(item)}
    answer = await detectors.scan(item)
    return failed_json(item, answer) if answer.failures else as_json(item, answer, level)


@dataclass(slots=True)
class _Writer:
    """Every line is flushed at once, because a reader may wait for it before sending the next
    one."""

    out: BinaryIO
    advance: Callable[[], None]
    failed: bool = False

    def put(self, item: ScanItem | LineError, result: dict[str, Any]) -> None:
        self.failed = self.failed or "error" in result
        self.out.write(_line(result))
        self.out.flush()
        self.advance()


async def _items(source: BinaryIO) -> AsyncIterator[ScanItem | LineError]:
    number = 0
    while line := await asyncio.to_thread(source.readline):
        number += 1
        if not line.strip():
            continue
        try:
            yield item_of_line(line)
        except LineError as error:
            yield LineError(f"line {number}: {error}", error.id)


def _size(item: ScanItem | LineError) -> int:
    return 0 if isinstance(item, LineError) else len(item.text) + len(item.prompt)


def _line(value: dict[str, Any]) -> bytes:
    return inert(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE).decode()).encode()
