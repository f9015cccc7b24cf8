"""What waits for a reviewer, and why. Pure. The queue contains every stopped call, every call with
a complaint, and a fixed sample of the calls that passed. A second reviewer gets a share of what one
has judged, without seeing that verdict; a call on which two disagree, or about which somebody was
unsure, waits for one more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from threegate.console.review.label_statistics import disputed
from threegate.console.review.review_store import UNSURE, ReviewLabel
from threegate.policy.model import CompiledPolicy


class QueueReason(StrEnum):
    FIRST = "first"
    SECOND = "second"
    DISPUTED = "disputed"
    UNSURE = "passed_on"
    COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class ReviewShares:
    """Percentages set by the policy: of passed calls to review, and of calls that two people
    judge."""

    passed: int
    twice: int


def shares_of(policies: Iterable[CompiledPolicy]) -> ReviewShares:
    """The highest percentages that any policy in force requires, because a record names only the
    whole set."""
    settings = [p.audit for p in policies]
    passed = max((s.review_passed for s in settings), default=0)
    return ReviewShares(passed, max((s.review_twice for s in settings), default=0))


@dataclass(frozen=True, slots=True)
class ReviewerQueue:
    """What one reviewer's queue depends on. `second` is the percentage that two people judge."""

    me: str
    labels: Mapping[str, Sequence[ReviewLabel]]  # by request
    assigned: Mapping[str, str]
    complained: Collection[str]
    second: int

    def why(self, request: str) -> QueueReason | None:
        """Why `request` waits for this reviewer; None if it does not."""
        given = self.labels.get(request, ())
        authors = {label.author for label in given}
        holder = self.assigned.get(request, self.me)
        if self.me in authors or (holder != self.me and holder not in authors):
            return None
        if not given:
            return QueueReason.COMPLAINT if request in self.complained else QueueReason.FIRST
        if request in disputed(given):
            return QueueReason.DISPUTED
        return self._again(request, {x.author for x in given if x.label != UNSURE})

    def _again(self, request: str, judges: Collection[str]) -> QueueReason | None:
        if not judges:
            return QueueReason.UNSURE
        twice = len(judges) == 1 and sampled(f"second {request}", self.second)
        return QueueReason.SECOND if twice else None

    def mine(self, request: str) -> bool:
        return self.assigned.get(request) == self.me

    def judged_by_me(self, request: str) -> bool:
        """Until then others' verdicts stay hidden, so that a second opinion is independent of the
        first."""
        return any(x.author == self.me for x in self.labels.get(request, ()))


def by_request(labels: Sequence[ReviewLabel]) -> dict[str, list[ReviewLabel]]:
    found: dict[str, list[ReviewLabel]] = {}
    for label in labels:
        found.setdefault(label.request, []).append(label)
    return found


def sampled(id: str, percent: int) -> bool:
    """The same sample for every person and every view, so that nobody can choose what is
    reviewed."""
    return int.from_bytes(hashlib.sha256(id.encode()).digest()[:4], "big") % 100 < percent
