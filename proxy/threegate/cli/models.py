"""`threegate models`: lists the models, verifies their files and prints their cards.

`verify` checks every file against its sha256 and opens each model as a server would.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from rich.table import Table
from threegate_classifiers.errors import ModelError
from threegate_classifiers.manifest import CARD, Manifest, verify_files
from threegate_classifiers.registry import Entry, scan
from threegate_classifiers.runtime import Engine

from threegate import settings
from threegate.cli.errors import misuse
from threegate.cli.language import line
from threegate.terminal_console import terminal_console

MEBIBYTE = 1 << 20


def _entries(args: argparse.Namespace) -> tuple[Path, tuple[Entry, ...]]:
    """Raises UseError if there is none: an empty folder is a mistake, not a state."""
    root = settings.load(given={"models": args.models}, file=args.config).models
    entries = scan(root)
    if not entries:
        raise misuse("no-models", folder=root)
    return root, entries


def export_command(args: argparse.Namespace) -> int:
    root, _ = _entries(args)
    from threegate_classifiers import triton  # imports ONNX Runtime, which a server may not need

    for folder in triton.export(root, args.triton, gpu=args.gpu):
        print(folder)
    return 0


def list_command(args: argparse.Namespace) -> int:
    _, entries = _entries(args)
    table = Table(*line("model-columns", args.lang).split("|"))
    for entry in entries:
        m = entry.manifest
        size = sum(file.bytes or 0 for file in m.files) / MEBIBYTE
        title = str(dict(m.title).get(args.lang, ""))
        table.add_row(m.id, title, m.task, _labels(m), f"{size:.1f}", m.licence)
    terminal_console().print(table)
    return 0


def _labels(manifest: Manifest) -> str:
    """`injection ×2, hazard ×18, offensive`."""
    families = Counter(x.split(".")[0] for x in manifest.entity_labels or manifest.labels)
    return ", ".join(f"{name} ×{n}" if n > 1 else name for name, n in families.items())


def verify_command(args: argparse.Namespace) -> int:
    root, entries = _entries(args)
    failed = 0
    for entry in entries:
        try:
            print(f"{entry.manifest.id}: {_verified(root, entry, args.lang)}")
        except ModelError as error:
            failed += 1
            print(f"{entry.manifest.id}: {error.zh if args.lang == 'zh' else error}")
    return int(bool(failed))


def _verified(root: Path, entry: Entry, language: str) -> str:
    """The result of the check. Raises ModelError."""
    m = entry.manifest
    verify_files(entry.folder, m)
    lines: list[str] = []
    Engine.open(
        root, (f"{m.name}@{m.version}",), threads=1, report=lines.append, language=language
    ).close()
    return line("model-unchanged", language, files=len(m.files), loaded=lines[0])


def card_command(args: argparse.Namespace) -> int:
    name, _, version = args.name.partition("@")
    _, entries = _entries(args)
    fitting = [
        e for e in entries if e.manifest.name == name and version in ("", e.manifest.version)
    ]
    if not fitting:
        raise misuse("no-model", name=args.name)
    path = fitting[-1].folder / CARD
    if not path.is_file():
        raise misuse("no-file", path=path)
    from rich.markdown import Markdown

    terminal_console().print(Markdown(path.read_text("utf-8")))
    return 0
