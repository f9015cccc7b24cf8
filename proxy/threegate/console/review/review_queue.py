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
from threegate.console.review.review_store import Label


class Why(StrEnum):
    FIRST = "first"
    SECOND = "second"
    DISPUTED = "disputed"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class Desktop:
    """What one reviewer's queue depends on. `second` is the share in per cent that two look at."""

    me: str
    labels: Mapping[str, Sequence[Label]]  # by request
    assigned: Mapping[str, str]
    complained: Collection[str]
    second: int

    def why(self, request: str) -> Why | None:
        """Why `request` waits for this reviewer; None where it does not."""
        given = self.labels.get(request, ())
        authors = {label.author for label in given}
        holder = self.assigned.get(request, self.me)
        if self.me in authors or (holder != self.me and holder not in authors):
            return None
        if not given:
            return Why.COMPLAINT if request in self.complained else Why.FIRST
        if request in disputed(given):
            return Why.DISPUTED
        alone = len(authors) == 1
        return Why.SECOND if alone and sampled(f"second {request}", self.second) else None

    def mine(self, request: str) -> bool:
        return self.assigned.get(request) == self.me


def by_request(labels: Sequence[Label]) -> dict[str, list[Label]]:
    found: dict[str, list[Label]] = {}
    for label in labels:
        found.setdefault(label.request, []).append(label)
    return found


def sampled(id: str, percent: int) -> bool:
    """The same for everybody and at every look: nobody can choose what is reviewed."""
    return int.from_bytes(hashlib.sha256(id.encode()).digest()[:4], "big") % 100 < percent
