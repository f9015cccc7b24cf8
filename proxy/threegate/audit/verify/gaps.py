"""Ends of chains that are known to be lost: after a restore from an older copy, or a fail-over to a
standby that lacked the last commits.

An acknowledgement is an entry of the log that names the lost places, so anything missing beyond
them is a new finding. It counts only if a signed checkpoint covers it: otherwise anybody with write
access to the database could have added it. Holes in a chain and changed entries cannot be
acknowledged, because nothing proves what follows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from threegate.audit.verify.findings import MAX_PROBLEMS, Acknowledged, VerifyProblem, VerifyReport

VERB = "acknowledge"
GAP_RECORD = "gap-"  # prefix of the names of these entries, which retention keeps

Gaps = dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """An entry at `seq` of `writer`. `places` are lost: writer → ranges of entries, ends
    included."""

    writer: str
    seq: int
    at: str
    actor: str
    reason: str
    places: Mapping[str, list[tuple[int, int]]] = field(default_factory=dict)

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Acknowledgement:
        """Raises the errors that reading a changed entry may cause (`findings.MALFORMED`)."""
        detail = entry["event"]["detail"]
        places: dict[str, list[tuple[int, int]]] = {}
        for writer, first, last in detail["places"]:
            places.setdefault(str(writer), []).append((int(first), int(last)))
        who, why = str(detail["actor"]), str(detail["reason"])
        return cls(str(entry["writer"]), int(entry["seq"]), str(entry["ts"]), who, why, places)

    def covers(self, problem: VerifyProblem) -> bool:
        if problem.gap is None:
            return False
        first, last = problem.gap
        return any(a <= first and last <= b for a, b in self.places.get(problem.writer, ()))


def settle(report: VerifyReport, given: Iterable[Acknowledgement]) -> None:
    """Moves acknowledged findings out of the problems, unless there are so many that some were
    dropped, which might be new ones."""
    if len(report.problems) >= MAX_PROBLEMS:
        return
    signed = {c.writer: max(c.integrated, c.covered) for c in report.chains}
    valid = [a for a in given if a.seq < signed.get(a.writer, 0)]
    problems, report.problems = report.problems, []
    for problem in problems:
        by = next((a for a in valid if a.covers(problem)), None)
        if by is None:
            report.problems.append(problem)
        else:
            report.acknowledged.append(Acknowledged(problem, by.actor, by.at, by.reason))


def gaps(report: VerifyReport) -> Gaps:
    """The lost end of each chain that has one and is not acknowledged."""
    found: Gaps = {}
    for problem in report.problems:
        if problem.gap is not None:
            first, last = found.get(problem.writer, problem.gap)
            found[problem.writer] = min(first, problem.gap[0]), max(last, problem.gap[1])
    return found
