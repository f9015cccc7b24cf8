"""How far pattern detectors have advanced in the text of a stream. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from threegate.guard.stream.client_view import ClientView
from threegate.guard.stream.events import ScanPatterns
from threegate.guard.stream.text import StreamText

FastPath = Callable[[str, int], int]
"""How much of a text a pattern scan would report as settled if it found nothing after a position;
-1 if only the scan can tell. `detectors.base.SupportsFastPath`."""


@dataclass(slots=True)
class PatternFrontier:
    """Nothing before `settled` can change, whatever follows. `view` is the text of the last
    scan."""

    text: StreamText
    fast_path: FastPath | None = None
    settled: int = field(default=0, init=False)
    finished: bool = field(default=False, init=False)  # the final scan has been answered
    view: ClientView = field(default_factory=ClientView, init=False, repr=False)

    def settle_all(self, *, final: bool) -> None:
        """Notes that no rule needs a scan."""
        self.settled, self.finished = self.text.end, final

    def took_fast_path(self, *, final: bool) -> bool:
        """Whether a scan would find nothing new and can be skipped."""
        text = self.text
        if self.fast_path is None or (
            text.values and text.values[-1].span.end > text.scan_start(self.settled)
        ):
            return False
        settled = self.fast_path(text.stable(), self.settled - text.base)
        if settled < 0:
            return False
        self.finished = final
        self.settled = max(self.settled, text.end if final else text.base + settled)
        return True

    def scan(self, *, final: bool) -> ScanPatterns:
        start = self.text.scan_start(self.settled)
        view = self.view = self.text.view(start, self.text.replaced)
        return ScanPatterns(view.text, start, view.shown(self.settled), final)

    def scanned(self, settled: int, *, final: bool) -> None:
        """The answer to `scan`: `settled` is a position of the view."""
        settled = self.view.start_of(settled)
        self.settled = max(self.settled, min(settled, self.text.end))
        self.finished = final
