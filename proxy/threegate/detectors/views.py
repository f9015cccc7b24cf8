"""Detectors on the normalised views of whole texts; findings come back to the original.

Only complete texts are read this way (requests, answers that are not streamed piece by piece, and
the sentences that models judge). On a stream pattern detectors fold what keeps the length
(full-width letters, digits of other scripts, Chinese digits): a view that removes or decodes
characters would have to hold back everything that may still belong to it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence, Set
from dataclasses import field, replace
from functools import cached_property

import re2

from threegate.detectors.base import PatternDetector
from threegate.detectors.dedupe import ADDRESS
from threegate.normalize import WORD_VIEWS, View, views
from threegate.normalize.decoded import NAME as DECODED
from threegate.normalize.despaced import HAN
from threegate.normalize.despaced import NAME as JOINED
from threegate.normalize.fold import NAME as PLAIN
from threegate.normalize.markup import NAME as MARKUP
from threegate.normalize.markup import cut_pieces
from threegate.normalize.obfuscation import LEET
from threegate.normalize.re2_spans import keep_utf8
from threegate.normalize.view import first_source, focused
from threegate.types import Finding, Level, Passage, Span, frozen

CHARACTERS = frozenset({"pii", "secret"})
"""Families of values: they do not read views that are meant for wordings."""

ONLY_PATTERNS = frozenset({"leet", "table", "mail", "label_first", "written"})
"""Views that are not plainer for a model."""

_WHOLE = frozenset({PLAIN, LEET})
"""Views that are made of the whole text for models; others are made only around their edits."""

ESCAPE = re2.compile(r"\\u[0-9a-fA-F]{4}")
ESCAPED = 0.3
"""Share of a text in escapes (`\\u4f60`, as JSON writers produce for Chinese) from which a model
reads only noise. The plain view, in which everything else is unchanged, then takes the text's
place."""

JOINTS = 3
"""With this many separators between characters a text is worth a second reading by a model."""


_CELLS = re.compile(rf"(?<=[{HAN}]{{2}}) \| (?=[{HAN}]{{2}})")
"""Separators of words in a table row, which a model reads better as it is."""


@frozen
class Viewed:
    """One passage and its views, none for an ordinary text. `near`: the views for pattern
    detectors, of a long text only around the places where they differ from it."""

    passage: Passage
    views: tuple[View, ...] = field(repr=False)
    near: tuple[View, ...] = field(repr=False)

    def for_pattern(self, detector: PatternDetector) -> Iterable[View]:
        values = any(k.split(".")[0] in CHARACTERS for k in detector.info.kinds)
        return (v for v in self.near if not (values and v.name in WORD_VIEWS))

    def for_model(self) -> View | None:
        """The one view worth a second reading, the plainest."""
        worth = [v for v in self.views if v.name not in ONLY_PATTERNS and not self._hardly(v)]
        return worth[-1] if worth else None

    def illegible(self) -> bool:
        """Whether a model should read only the plain view."""
        view = self.for_model()
        if view is None or view.name != DECODED:
            return False
        raw = self.passage.text
        return len(raw) - len(ESCAPE.sub("", raw)) > ESCAPED * len(raw)

    def _hardly(self, view: View) -> bool:
        if view.name == MARKUP:
            return cut_pieces(view) < JOINTS
        if view.name != JOINED:
            return False
        text = _apart(view).text
        cells = sum(map(len, _CELLS.findall(text))) if " | " in text else 0
        return len(text) - len(view.text) - cells < JOINTS


def _apart(view: View) -> View:
    """The view of which a joined one was made."""
    while view.source is not None and view.name == JOINED:
        view = view.source
    return view


def viewed(passage: Passage) -> Viewed:
    keep_utf8(passage.text)
    made = views(passage.text)
    return Viewed(passage, made, tuple(map(_near, made)))


def _near(view: View) -> View:
    return focused(view, first_source(view)) if view.name in _WHOLE else view


def unviewed(passage: Passage) -> Viewed:
    """A text without views."""
    return Viewed(passage, (), ())


def second_reading(view: View, passage: Passage) -> Passage:
    return replace(passage, text=view.text, offset=0, clear=False)


def mapped_back(view: View, findings: Iterable[Finding], passage: Passage) -> list[Finding]:
    """Findings of a view of a passage, on the original, with the view's name in their note."""
    length, offset = len(passage.text), passage.offset
    back = (
        replace(f, span=_back(view, f.span, length), note=f"{f.note}@{view.name}") for f in findings
    )
    return [moved(f, offset) for f in back]


def moved(finding: Finding, offset: int) -> Finding:
    """A finding in a passage, with a span that counts from the start of its whole text."""
    span = Span(finding.span.start + offset, finding.span.end + offset)
    return replace(finding, span=span)


_UNCHECKED = frozenset({"pii.cn.mobile", "pii.cn.landline", "pii.phone"})
"""Numbers without a check digit: their column may be all that tells them from others, in every
view."""


def merged(found: Sequence[Finding], more: Iterable[Finding]) -> list[Finding]:
    """`found` with the findings that views add. Findings of one kind at one place become the
    widest; one of the same family inside a finding that is at least as sure adds nothing. A surer
    view replaces what was found: a column header may show that a number belongs to no person."""
    all_more = list(more)
    named = {
        (f.kind, f.span) for f in all_more if f.note.endswith("@table") and f.level == Level.LOW
    }
    more = [f for f in all_more if not (f.kind in _UNCHECKED and _is_named(f, named))]
    surer = {(_family(f.kind), f.span): f.level for f in more}
    kept = [
        f
        for f in found
        if surer.get((_family(f.kind), f.span), f.level) <= f.level and not _is_named(f, named)
    ]
    seen, covers = frozenset(map(id, kept)), _Covers(kept)
    out: list[Finding] = []
    for group in _groups([*kept, *more]):
        if all(id(f) in seen for f in group):
            out += group
        elif any(id(f) in seen for f in group) or not all(map(covers.hold, group)):
            out.append(_widest(group))
    return out


def _is_named(finding: Finding, named: Set[tuple[str, Span]]) -> bool:
    """Whether the head of its column says that it is another number."""
    return finding.level == Level.MEDIUM and (finding.kind, finding.span) in named


def _groups(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Merges findings of one kind whose spans overlap."""
    groups: list[list[Finding]] = []
    reach: dict[str, tuple[int, list[Finding]]] = {}
    for finding in sorted(findings, key=lambda f: f.span):
        end, group = reach.get(finding.kind, (-1, []))
        if finding.span.start >= end:
            group = []
            groups.append(group)
        group.append(finding)
        reach[finding.kind] = max(end, finding.span.end), group
    return groups


def _widest(group: Sequence[Finding]) -> Finding:
    group = [f for f in group if not _is_run_together(f, group)]
    span = Span(group[0].span.start, max(f.span.end for f in group))
    best = max(group, key=lambda f: (f.span == span, "@" not in f.note, f.level))
    sure = max(group, key=lambda f: f.level)
    return replace(best, span=span, level=sure.level, score=sure.score)


def _is_run_together(finding: Finding, group: Sequence[Finding]) -> bool:
    """Whether an address begins further left only because the view has no spaces: a finding in the
    original text that ends at the same place then decides where it begins."""
    return finding.note.endswith(f"@{JOINED}") and any(
        f.kind == ADDRESS and "@" not in f.note and f.span.end == finding.span.end for f in group
    )


class _Covers:
    """Which spans lie inside a finding of the same family that is at least as sure, each lookup in
    log time. Built on first use, because most texts need none."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._findings = findings

    @cached_property
    def _reach(self) -> dict[tuple[str, Level], tuple[list[int], list[int]]]:
        """By family and level: sorted starts of findings, and how far the findings up to each start
        reach."""
        made: dict[tuple[str, Level], tuple[list[int], list[int]]] = {}
        for f in sorted(self._findings, key=lambda f: f.span.start):
            for level in (each for each in Level if each <= f.level):
                starts, ends = made.setdefault((_family(f.kind), level), ([], []))
                ends.append(max(f.span.end, ends[-1] if ends else 0))
                starts.append(f.span.start)
        return made

    def hold(self, finding: Finding) -> bool:
        starts, ends = self._reach.get((_family(finding.kind), finding.level), ([], []))
        at = bisect_right(starts, finding.span.start)
        return at > 0 and ends[at - 1] >= finding.span.end


def _family(kind: str) -> str:
    first = kind.split(".")[0]
    return "value" if first in CHARACTERS else first


def _back(view: View, span: Span, length: int) -> Span:
    inside = Span(max(0, span.start), min(span.end, len(view.text)))
    return view.original(inside) if inside.start < inside.end else Span(0, length)
