"""What waits for a reviewer, and why. Pure.

In the queue stand everything that was stopped, what somebody complained of, and a fixed sample of
the rest. A second reviewer gets a share of what one has judged, without seeing that judgement; what
two judge differently waits for one more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from threegate.console.review.label_statistics import disputed
from threegate.console.review.review_store import ReviewLabel


class QueueReason(StrEnum):
    FIRST = "first"
    SECOND = "second"
    DISPUTED = "disputed"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class Desktop:
    """What one reviewer's queue depends on. `second` is the share in per cent that two look at."""

    me: str
    labels: Mapping[str, Sequence[ReviewLabel]]  # by request
    assigned: Mapping[str, str]
    complained: Collection[str]
    second: int

    def why(self, request: str) -> QueueReason | None:
        """Why `request` waits for this reviewer; None where it does not."""
        given = self.labels.get(request, ())
        authors = {label.author for label in given}
        holder = self.assigned.get(request, self.me)
        if self.me in authors or (holder != self.me and holder not in authors):
            return None
        if not given:
            return QueueReason.COMPLAINT if request in self.complained else QueueReason.FIRST
        if request in disputed(given):
            return QueueReason.DISPUTED
        alone = len(authors) == 1
        return QueueReason.SECOND if alone and sampled(f"second {request}", self.second) else None

    def mine(self, request: str) -> bool:
        return self.assigned.get(request) == self.me


def by_request(labels: Sequence[ReviewLabel]) -> dict[str, list[ReviewLabel]]:
    found: dict[str, list[ReviewLabel]] = {}
    for label in labels:
        found.setdefault(label.request, []).append(label)
    return found


def sampled(id: str, percent: int) -> bool:
    """The same for everybody and at every look: nobody can choose what is reviewed."""
    return int.from_bytes(hashlib.sha256(id.encode()).digest()[:4], "big") % 100 < percent
