"""Secrets for a celebration, which the guard takes for grooming or fraud (`celebrations.toml`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import re2

from threegate.data_files import table
from threegate.types import Finding, Level


def recorded(text: str, found: Iterable[Finding]) -> Iterator[Finding]:
    """The findings in a prompt; those of `kinds` at MEDIUM at most if it speaks of a celebration
    and of nothing that makes one suspicious."""
    for finding in found:
        high = finding.level > Level.MEDIUM and finding.kind in _table()["kinds"]
        yield replace(finding, level=Level.MEDIUM) if high and is_celebration(text) else finding


def is_celebration(text: str) -> bool:
    return _seen("occasions", text) and not _seen("without", text)


def _seen(group: str, text: str) -> bool:
    return any(pattern.search(text) for pattern in _patterns(group))


@cache
def _patterns(group: str) -> tuple[Any, ...]:
    return tuple(re2.compile(f"(?i){pattern}") for pattern in _table()[group])


@cache
def _table() -> dict[str, Any]:
    return table("detectors.models", "celebrations")
