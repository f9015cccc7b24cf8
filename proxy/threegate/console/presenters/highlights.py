"""Texts cut into plain and coloured pieces that a template only prints.

A record keeps spans of the original text and, most often, a redacted text. A placeholder differs in
length from the value it replaces, so later spans shift; `moved` maps spans to the redacted text as
long as each edited span is found as a placeholder, and stops colouring at the first that is not
(rather than colour the wrong word). `carried` maps them back to an original.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from threegate.console.presenters.labels import family

EDITED = ("mask", "redact", "rewrite")
_CONTROLS = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_WRITTEN = {c: f"⟦U+{c:04X}⟧" for c in _CONTROLS}
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


def visible(text: object) -> str:
    """A text with its bidirectional controls made visible; raw ones would show a reviewer other
    words than the model read."""
    return str(text).translate(_WRITTEN)


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
    """`text` with its marks; overlapping ones are merged, strongest rules first, and nothing is
    lost."""
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
    """The marks in positions of the redacted text."""
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


def carried(
    redacted: str, original: str, marks: Sequence[Highlight]
) -> tuple[Highlight, ...] | None:
    """Marks of the redacted text in positions of the original; None if the text between the
    placeholders differs."""
    places = _aligned(redacted, original)
    if places is None:
        return None
    return tuple(
        replace(m, start=_place(places, m.start, end=False), end=_place(places, m.end, end=True))
        for m in marks
    )


Places = list[tuple[int, int, int, int]]
"""Corresponding spans: start and end in the redacted text, start and end in the original."""


def _aligned(redacted: str, original: str) -> Places | None:
    """Literal text and placeholders alternate. Each literal is searched for after the previous one;
    the last one ends the text."""
    places: Places = []
    at = reached = 0
    for match in (*_PLACEHOLDER.finditer(redacted), None):
        literal = redacted[at : match.start() if match else len(redacted)]
        start = original.find(literal, reached)
        if match is None and literal:
            start = len(original) - len(literal)
        elif match is None:
            start = len(original)
        exact = not places or at == 0
        if start < reached or (exact and start != 0) or not original.startswith(literal, start):
            return None
        if places:  # the placeholder before this literal covers what lies between
            places[-1] = (*places[-1][:3], start)
        places.append((at, at + len(literal), start, start + len(literal)))
        reached = start + len(literal)
        if match:
            places.append((match.start(), match.end(), reached, reached))
            at = match.end()
    return places


def _place(places: Places, at: int, *, end: bool) -> int:
    """The position in the original for a position of the redacted text. Within a placeholder it is
    the start or the end of the value."""
    for first, last, start, stop in places:
        inside = first < at <= last if end else first <= at < last
        if inside and last - first == stop - start:
            return start + at - first
        if inside:
            return stop if end else start
    return places[-1][3]


EXCERPT = 160
"""Characters shown on either side of a hit."""


def excerpt(cut: Sequence[Mapping[str, str]], size: int = EXCERPT) -> list[dict[str, str]]:
    """`pieces` shortened to the hits and their surroundings; for a text without a hit, its
    beginning."""
    last = len(cut) - 1
    return [
        dict(p) if p["kind"] else {**p, "text": _shortened(p["text"], n > 0, n < last, size)}
        for n, p in enumerate(cut)
    ]


def _shortened(text: str, after: bool, before: bool, size: int) -> str:
    """Plain text after a hit, before one, or both."""
    if len(text) <= size * (2 if after == before else 1):
        return text
    if after and before:
        return f"{text[:size]} … {text[-size:]}"
    return f"… {text[-size:]}" if before else f"{text[: size if after else 2 * size]} …"


def placeholders(text: str) -> tuple[Highlight, ...]:
    """Positions of placeholders, used if nothing better is known."""
    return tuple(
        Highlight(m.start(), m.end(), "pii", "", "mask") for m in _PLACEHOLDER.finditer(text)
    )
