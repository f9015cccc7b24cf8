"""All pattern recognizers as one detector: one pre-scan, then only those that can match.

The pre-scan (`prefilter`) runs over the folded text. Folding is one character to one character
(full-width letters, digits of other scripts, Chinese digits in long runs), so spans stay.

`settled` is the smallest position at which anything may still change: where a recognizer's
alphabet run at the end of the text begins (its `tails`), where a complete hit depends on text that
may follow (`ScanText.open`), where a hit touches the end; then moved left until no raw hit crosses
it.
Overlaps are resolved among raw hits, so left of `settled` the resolution is final too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise

from threegate.detectors.base import DetectorInfo, Scanned, uncrossed
from threegate.detectors.engine import plain_text_fast_path
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.folding import fold
from threegate.detectors.engine.prefilter import Prefilter
from threegate.detectors.engine.recognizer import SCORES, Hit, Recognizer, Tail
from threegate.normalize.work import Meter, meter
from threegate.types import Bilingual, Finding, Passage, Span

__all__ = ["PatternScanner", "fold", "resolve"]


class PatternScanner:
    """The `PatternDetector` over all recognizers that report one of `kinds` (prefixes allowed,
    None: all)."""

    def __init__(
        self, recognizers: Iterable[Recognizer], kinds: frozenset[str] | None = None
    ) -> None:
        self._recognizers = tuple(r for r in recognizers if _selected(r, kinds))
        self._kinds = kinds
        self._wanted: dict[str, bool] = {}
        self._tails: tuple[Tail, ...] = tuple(
            dict.fromkeys(t for r in self._recognizers for t in r.tails)
        )
        self._triggers = Prefilter(self._recognizers)
        self._plain = plain_text_fast_path.WholeTextFastPath(self._recognizers)
        gate = plain_text_fast_path.gate(self._recognizers, self._tails)
        self.settled_without_scan = no_fast_path if gate is None else gate.settled
        self.info = DetectorInfo(
            id="patterns",
            kinds=tuple(dict.fromkeys(k for r in self._recognizers for k in r.info.kinds)),
            title=Bilingual("模式识别", "Patterns"),
        )

    def scan(self, passage: Passage, *, final: bool = True) -> Scanned:
        view = ScanText(fold(passage.text), final=final)
        if final and self._plain.finds_nothing(view.data):
            return Scanned((), len(view.text))
        raw = self._hits(view, meter())
        settled = len(view.text) if final else self._settled(view, [h for h, _ in raw])
        if not raw:
            return Scanned((), settled)
        locus = passage.locus
        findings = [
            Finding(r.info.id, h.kind, Span(*h[:2]), SCORES[h.level], h.level, locus, h.note)
            for h, r in resolve(raw)
        ]
        return Scanned(tuple(findings), settled)

    def _hits(self, view: ScanText, budget: Meter) -> list[tuple[Hit, Recognizer]]:
        """Raises BudgetSpentError for too much work or too many hits."""
        hits: list[tuple[Hit, Recognizer]] = []
        for recognizer in self._triggers.triggered(view):
            budget.spend()
            for hit in recognizer.find(view):
                wanted = self._wanted.get(hit.kind)
                if self._wants(hit.kind) if wanted is None else wanted:
                    budget.found()
                    hits.append((hit, recognizer))
        return hits

    def _wants(self, kind: str) -> bool:
        """There are few kinds, so each is compared with the wanted ones only once."""
        wanted = self._wanted[kind] = self._kinds is None or _matches(kind, self._kinds)
        return wanted

    def _settled(self, view: ScanText, hits: list[Hit]) -> int:
        text = view.text
        settled = min([view.open, *[tail(text) for tail in self._tails]])
        if not hits:
            return settled
        settled = min((settled, *(h.start for h in hits if h.end >= len(text))))
        return uncrossed(settled, hits)


def no_fast_path(text: str, start: int) -> int:
    """`SupportsFastPath.settled_without_scan` of a detector that has to scan everything."""
    return -1


def _selected(recognizer: Recognizer, kinds: frozenset[str] | None) -> bool:
    return kinds is None or any(_matches(k, kinds) for k in recognizer.info.kinds)


def _matches(kind: str, kinds: frozenset[str]) -> bool:
    return kind in kinds or any(kind.startswith(k + ".") for k in kinds)


def resolve(raw: list[tuple[Hit, Recognizer]]) -> list[tuple[Hit, Recognizer]]:
    """Keeps one hit per place: higher level, then rank, then length, then the earlier one."""
    in_order = sorted(raw, key=_start)
    if all(a.end <= b.start for (a, _), (b, _) in pairwise(in_order)):
        return in_order
    order = sorted(raw, key=lambda x: (-x[0].level, -x[1].rank, x[0].start - x[0].end, x[0].start))
    starts: list[int] = []
    taken: list[tuple[Hit, Recognizer]] = []
    for hit, recognizer in order:
        at = bisect_left(starts, hit.start)
        free_before = at == 0 or taken[at - 1][0].end <= hit.start
        if free_before and (at == len(starts) or hit.end <= starts[at]):
            starts.insert(at, hit.start)
            taken.insert(at, (hit, recognizer))
    return taken


def _start(found: tuple[Hit, Recognizer]) -> int:
    return found[0].start
