"""Families of sources: one author, one generator or one carrier is one family, and a held one never trains.

Rows of one family share words, openers and habits, so only a family that training never saw tells how a model
does on other people's texts. `families.yaml` says what belongs together and what is held.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from rows import HELD, Row

CARRIERS = ("carrier", "document_source")


@cache
def _file() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return loaded


@cache
def held() -> frozenset[str]:
    """Families that never train."""
    return frozenset(_file()["held"])


@cache
def seen_before() -> frozenset[str]:
    """Held families that guard/9 was trained on."""
    return frozenset(_file()["seen_by_guard_9"])


@cache
def family(source: str) -> str:
    """The family of a source, by the longest beginning that is listed."""
    named = {start: name for name, starts in _file()["families"].items() for start in starts}
    found = [start for start in named if source.startswith(start)]
    if found:
        return str(named[max(found, key=len)])
    bare = source.removeprefix("prompts in ")
    return re.split(r" \(|: |/(?!.*/)" if bare == source else r" \(", bare)[0]


def families(row: Row) -> set[str]:
    """The families of a row: its source's, and that of the document it carries."""
    found = {family(str(row["source"])), *(family(str(row[key])) for key in CARRIERS if row.get(key))}
    if "jailbench" in found and "template" in row:
        found = {f"jailbench-{row['template']}"}
    return found


def held_group(row: Row) -> str:
    """`held/<family>` for a row that must not train, else nothing."""
    found = sorted(families(row) & held())
    return HELD + found[0] if found else ""
