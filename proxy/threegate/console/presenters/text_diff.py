"""Files of two policies compared as text: additions and removals, with surrounding lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any

AROUND = 3
MOST_LINES = 4_000
"""Lines on both sides that are compared in order; longer lists are compared as sets."""


def file_changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[dict[str, Any]]:
    """Each file that differs, with its hunks: lines as {"sign", "old", "new", "text"}, numbers are
    0 if the line is not on that side."""
    paths = [p for p in sorted({*old, *new}) if old.get(p) != new.get(p)]
    return [_file(path, old.get(path), new.get(path)) for path in paths]


def _file(path: str, old: str | None, new: str | None) -> dict[str, Any]:
    fate = "added" if old is None else "removed" if new is None else "changed"
    before, after = (old or "").splitlines(), (new or "").splitlines()
    hunks = list(_hunks(before, after))
    signs = [line["sign"] for hunk in hunks for line in hunk]
    counts = {"plus": signs.count("+"), "minus": signs.count("-")}
    return {"path": path, "fate": fate, "hunks": hunks, **counts}


def _hunks(before: list[str], after: list[str]) -> Iterator[list[dict[str, Any]]]:
    if len(before) + len(after) > MOST_LINES:
        yield list(_as_sets(before, after))
        return
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for group in matcher.get_grouped_opcodes(AROUND):
        yield [line for step in group for line in _lines(step, before, after)]


def _lines(
    step: tuple[str, int, int, int, int], before: list[str], after: list[str]
) -> Iterator[dict[str, Any]]:
    tag, a, b, c, d = step
    if tag == "equal":
        yield from (
            _line(" ", n + 1, m + 1, before[n])
            for n, m in zip(range(a, b), range(c, d), strict=True)
        )
        return
    yield from (_line("-", n + 1, 0, before[n]) for n in range(a, b))
    yield from (_line("+", 0, m + 1, after[m]) for m in range(c, d))


def _as_sets(before: list[str], after: list[str]) -> Iterator[dict[str, Any]]:
    had, has = set(before), set(after)
    yield from (_line("-", n, 0, text) for n, text in enumerate(before, 1) if text not in has)
    yield from (_line("+", 0, n, text) for n, text in enumerate(after, 1) if text not in had)


def _line(sign: str, old: int, new: int, text: str) -> dict[str, Any]:
    return {"sign": sign, "old": old, "new": new, "text": text}
