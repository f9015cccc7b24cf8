"""Texts cut into plain and coloured pieces, so that a template only prints them.

A record keeps spans of the original text and, most often, a redacted text. Where a placeholder
stands in for a span, the pieces after it move; as long as every edited span is found as a
placeholder the places are exact, and from the first that is not, nothing is coloured any more
(rather than the wrong word).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from threegate.console.presenters.labels import family

EDITED = ("mask", "redact", "rewrite")
_PLACEHOLDER = re.compile(r"\[[A-Z0-9_]+(?:#[0-9a-f]{12})?\]")


@dataclass(frozen=True, slots=True)
class Highlight:
    """One hit on a text: where, what, which rule, what it did."""

    start: int
    end: int
    kind: str
    rule: str
    action: str
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    text: str = field(repr=False)
    kind: str = ""
    rule: str = ""
    action: str = ""

    def as_dict(self) -> dict[str, str]:
        colour = family(self.kind) if self.kind else ""
        return {"text": self.text, "kind": self.kind, "rule": self.rule, "action": self.action} | {
            "family": colour
        }


def marks_of(ruled: Iterable[Mapping[str, Any]]) -> tuple[Highlight, ...]:
    """Hits of audit entries; failures have no place."""
    return tuple(
        Highlight(
            r["span"][0], r["span"][1], r["kind"], r["rule"], r["action"], r.get("shadow", False)
        )
        for r in ruled
        if "span" in r and r["span"][1] > r["span"][0]
    )


def pieces(text: str, marks: Sequence[Highlight]) -> list[dict[str, str]]:
    """`text` with its marks; of overlapping ones the strongest rules first, nothing is lost."""
    out: list[Piece] = []
    at = 0
    for mark in _disjoint(marks):
        if not at <= mark.start < mark.end <= len(text):
            continue
        out.append(Piece(text[at : mark.start]))
        out.append(Piece(text[mark.start : mark.end], mark.kind, mark.rule, mark.action))
        at = mark.end
    out.append(Piece(text[at:]))
    return [p.as_dict() for p in out if p.text]


def _disjoint(marks: Sequence[Highlight]) -> list[Highlight]:
    kept: list[Highlight] = []
    for mark in sorted(marks, key=lambda m: (m.start, m.shadow, -m.end)):
        if not kept or mark.start >= kept[-1].end:
            kept.append(mark)
    return kept


def moved(redacted: str, marks: Sequence[Highlight]) -> tuple[Highlight, ...]:
    """The marks as they lie on the redacted text."""
    out: list[Highlight] = []
    shift = 0
    for mark in _disjoint(marks):
        start = mark.start + shift
        end = mark.end + shift
        if mark.action in EDITED and not mark.shadow:
            found = _PLACEHOLDER.match(redacted, start)
            if found is None:
                break
            end = found.end()
            shift += found.end() - found.start() - (mark.end - mark.start)
        out.append(Highlight(start, end, mark.kind, mark.rule, mark.action, mark.shadow))
    return tuple(out)


def placeholders(text: str) -> tuple[Highlight, ...]:
    """Where placeholders stand, when nothing better is known."""
    return tuple(
        Highlight(m.start(), m.end(), "pii", "", "mask") for m in _PLACEHOLDER.finditer(text)
    )
