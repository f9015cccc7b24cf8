"""Reading labelled rows: JSON lines (gzip or plain), and the development split.

A row is in the development split when sha1 of its *group* ends in 0 or 1 (hex), so that a context,
a carrier or a source template never lies on both sides; or when its author held the whole group (a
topic of both languages) back: its name then begins with `held/`. Rows are never training rows and
development rows at once; recipes ask `is_dev` and nothing else.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Row = dict[str, Any]
OWN = Path(__file__).parent / "data"
HELD = "held/"
TEXT_FIELDS = ("text", "prompt", "context", "claim", "question", "answer")
LOOKED_AT = 700
"""Characters of a wide row that decide on the vocabulary."""


def read_rows(path: Path) -> Iterator[Row]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def authored(data: Path, stem: str) -> Iterator[Row]:
    """The authored set `stem`: the shared file, if there is one, and every `data/<stem>*.jsonl` of this folder."""
    shared = data / "authored" / f"{stem}.jsonl.gz"
    if shared.exists():
        yield from read_rows(shared)
    for path in sorted(OWN.glob(f"{stem}*.jsonl")):
        yield from read_rows(path)


def is_dev(group: str) -> bool:
    return group.startswith(HELD) or hashlib.sha1(group.encode()).hexdigest()[-1] in "01"


def group_of(row: Row) -> str:
    """What must stay on one side: a topic, the context of a claim, else the row itself."""
    return str(row.get("group") or row.get("context_id") or row["id"])


def weighed(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    return name, float(number)


def factor(source: str, factors: Mapping[str, float]) -> float:
    """That of the longest beginning of `source`; sources we neither wrote nor generated are public."""
    own = source.startswith(("authored", "generated"))
    found = [name for name in factors if source.startswith(name)] or ([] if own else ["public"])
    return factors.get(max(found, key=len, default=""), 1.0)


def read_texts(data: Path, extra: list[Path]) -> tuple[list[str], list[str]]:
    """All texts under `data` and in `extra` as (training, held)."""
    train: list[str] = []
    held: list[str] = []
    for path in sorted([*data.glob("*.jsonl.gz"), *data.glob("authored/*.jsonl.gz"), *OWN.glob("*.jsonl")]):
        if path.name.startswith("offensive_en"):
            continue
        for row in read_rows(path):
            side = held if is_dev(group_of(row)) else train
            side.extend(row[f] for f in TEXT_FIELDS if isinstance(row.get(f), str))
    for path in sorted(data.glob("wide/*.jsonl.gz")):
        texts = [
            row[f][:LOOKED_AT] for row in read_rows(path) for f in TEXT_FIELDS if isinstance(row.get(f), str)
        ]
        train += texts
        held += texts[::200]
    for path in extra:
        lines = path.read_text(encoding="utf-8", errors="ignore").splitlines()
        for number, line in enumerate(lines):
            (held if number % 8 == 0 else train).append(line)
    return train, held
