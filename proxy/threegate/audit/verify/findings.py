"""The result of a verification: for each writer's chain, each problem with its place, and the
missing parts that tombstones explain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from threegate.i18n.audit import FINDINGS, line
from threegate.types import Bilingual

MAX_PROBLEMS = 1_000
# What reading a changed log may raise. Each is a finding; none may end the verification.
MALFORMED = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)


@dataclass(frozen=True, slots=True)
class VerifyProblem:
    """`code` is stable; `seq` is -1 where the problem is not at one entry. `gap`: the first and the
    last lost entry, if they are the end of a chain."""

    writer: str
    seq: int
    code: str
    text: Bilingual
    gap: tuple[int, int] | None = None

    @classmethod
    def of(
        cls,
        writer: str,
        seq: int,
        kind: str,
        details: Mapping[str, object],
        gap: tuple[int, int] | None = None,
    ) -> VerifyProblem:
        """`kind` is an entry of `FINDINGS`. Missing details are a bug and raise KeyError."""
        return cls(writer, seq, kind.partition("/")[0], FINDINGS[kind].filled(details), gap)

    def message(self, language: str) -> str:
        place = f"{self.writer}/{self.seq}" if self.seq >= 0 else self.writer
        return f"{place}: {self.code}: {self.text.get(language)}"

    def as_dict(self, language: str) -> dict[str, str | int]:
        message = self.text.get(language)
        return {"writer": self.writer, "seq": self.seq, "code": self.code, "message": message}


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A lost end of a chain, and who acknowledged it, when and why (see `gaps`)."""

    problem: VerifyProblem
    actor: str
    at: str
    reason: str

    def message(self, language: str) -> str:
        values = {"problem": self.problem.message(language), "at": self.at}
        return line("acknowledged", language, actor=self.actor, reason=self.reason, **values)

    def as_dict(self, language: str) -> dict[str, str | int]:
        who = {"actor": self.actor, "at": self.at, "reason": self.reason}
        return {**self.problem.as_dict(language), **who}


@dataclass(slots=True)
class Chain:
    """The result for one writer. `size` = `integrated` + covered + pending, by position."""

    writer: str
    size: int = 0
    integrated: int = 0
    covered: int = 0
    pruned: int = 0
    erased: int = 0
    checkpoints: int = 0
    closed: bool = False
    unsigned_us: int = 0  # time of the first entry behind the newest checkpoint
    last_us: int = 0
    leaves: dict[int, bytes] = field(default_factory=dict, repr=False)  # entries named by peers

    @property
    def pending(self) -> int:
        return self.size - max(self.integrated, self.covered)

    def as_dict(self) -> dict[str, str | int]:
        names = ("writer", "size", "integrated", "covered", "pending", "pruned", "erased")
        return {name: getattr(self, name) for name in names}


@dataclass(slots=True)
class VerifyReport:
    chains: list[Chain] = field(default_factory=list)
    problems: list[VerifyProblem] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    unanswered: int = 0  # calls without an end, because their process died
    keys_tried: bool = False  # whether the master key was at hand to open the data keys
    in_flight: int = 0  # calls with an intent but no record: running, or their process just died

    @property
    def ok(self) -> bool:
        return not self.problems

    def add(
        self,
        writer: str,
        seq: int,
        kind: str,
        /,
        gap: tuple[int, int] | None = None,
        **details: object,
    ) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(VerifyProblem.of(writer, seq, kind, details, gap))


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The entry at `seq` of `writer`, of `at` microseconds, says that something was erased."""

    writer: str
    seq: int
    at: int


@dataclass(slots=True)
class Erasures:
    """What tombstones explain: ranges of entries whose text or body is gone, and destroyed keys."""

    texts: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    bodies: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, entries: Iterable[str], report: VerifyReport) -> Erasures:
        found = cls()
        for entry in entries:
            try:
                found.add(event_of(entry)["detail"])
            except MALFORMED:
                report.add("", -1, "malformed/tombstone")
        return found

    def add(self, detail: dict[str, Any]) -> None:
        where = self.bodies if detail["verb"] == "prune" else self.texts
        for writer, first, last in detail.get("places", ()):
            where.setdefault(writer, []).append((int(first), int(last)))
        self.keys.update(detail.get("keys", ()))

    def text(self, writer: str, seq: int, key_id: str) -> bool:
        return key_id in self.keys or _within(self.texts.get(writer, ()), seq)

    def body(self, writer: str, seq: int) -> bool:
        return _within(self.bodies.get(writer, ()), seq)


def _within(ranges: Sequence[tuple[int, int]], seq: int) -> bool:
    return any(first <= seq <= last for first, last in ranges)


def event_of(entry: str) -> dict[str, Any]:
    try:
        parsed = orjson.loads(entry)
        event = parsed["event"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
    return event if isinstance(event, dict) else {}
