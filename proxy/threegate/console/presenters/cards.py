"""Rows of a card: what one part of a policy says before and after a change."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from threegate.console.presenters.rule_words import Rows

MOST_LINES = 60
"""Of one value that a card shows; the rest is in the differences of the files."""


def compared_rows(came: bool, gone: bool, before: Rows, after: Rows) -> dict[str, Any]:
    """The fate of a part and its rows; `came` and `gone`: only one side has it."""
    fate = "added" if came else "removed" if gone else "changed"
    rows = [_row(before.get(key), after.get(key)) for key in {**after, **before}]
    return {"fate": fate, "rows": rows}


def _row(old: tuple[str, str] | None, new: tuple[str, str] | None) -> dict[str, Any]:
    label = (new or old or ("", ""))[0]
    before, after = old[1] if old else "", new[1] if new else ""
    changed = before != after
    if changed and "\n" in before and "\n" in after:
        lost, gained = _without(before, after), _without(after, before)
        if (lost, gained) != ("…", "…"):  # else the lines have only another order
            before, after = lost, gained
    return {"label": label, "before": _short(before), "after": _short(after), "changed": changed}


def _without(text: str, other: str) -> str:
    """The lines of a long text that the other does not have; `…` for those between."""
    known = set(other.split("\n"))
    kept = ["…" if line in known else line for line in text.split("\n")]
    return "\n".join(line for line, _ in groupby(kept))


def _short(text: str) -> str:
    lines = text.split("\n")
    more = [f"… (+{len(lines) - MOST_LINES})"] if len(lines) > MOST_LINES else []
    return "\n".join(lines[:MOST_LINES] + more)
