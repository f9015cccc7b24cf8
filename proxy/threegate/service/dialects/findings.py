"""Rulings as the clients of the service see them: kinds, places and rules, never the text found."""

from __future__ import annotations

from typing import Any

from threegate.audit.log.encoding import ACTIONS, CHANNELS, LAYERS, LEVELS
from threegate.gateway.answer.annotations import VERDICTS
from threegate.service.check import Check, CheckResult
from threegate.types import Failed, Finding, Ruling, TextLocation

Json = dict[str, Any]


def findings_of(check: Check, result: CheckResult) -> list[Json]:
    """What rules acted on, including flags; claims are separate (`claims_of`). Most findings of a
    text have their place in common."""
    locus, at, made = None, Json(), list[Json]()
    for ruled in result.rulings:
        finding = ruled.finding
        if isinstance(finding, Finding) and finding.kind not in VERDICTS:
            if finding.locus is not locus:
                locus, at = finding.locus, place_of(finding.locus, check)
            made.append(_finding(ruled, finding, at))
    return made


def failures_of(check: Check, result: CheckResult) -> list[Json]:
    """Detectors that gave no answer, and what the rule did about it."""
    return [
        {
            "rule_id": r.rule_id,
            "action": ACTIONS[r.action],
            "detector": r.finding.detector,
            "reason": r.finding.reason.value,
            "at": place_of(r.finding.locus, check),
        }
        for r in result.rulings
        if isinstance(r.finding, Failed)
    ]


def claims_of(check: Check, result: CheckResult) -> list[Json]:
    """Claims of an answer with their verdicts; evidence is a span of one of `sources`."""
    return [
        {
            **_finding(r, r.finding, place_of(r.finding.locus, check)),
            "verdict": VERDICTS[r.finding.kind],
            "evidence": evidence_of(r.finding.note, check),
        }
        for r in result.rulings
        if isinstance(r.finding, Finding) and r.finding.kind in VERDICTS
    ]


def _finding(ruled: Ruling, finding: Finding, at: Json) -> Json:
    return {
        "rule_id": ruled.rule_id,
        "action": ACTIONS[ruled.action],
        "kind": finding.kind,
        "start": finding.span.start,
        "end": finding.span.end,
        "score": round(finding.score, 4),
        "level": LEVELS[finding.level],
        "detector": finding.detector,
        "at": at,
    }


def place_of(locus: TextLocation, check: Check) -> Json:
    """`message` counts the turns that were sent, `choice` the answers; `source` names a source."""
    made: Json = {"layer": LAYERS[locus.layer], "channel": CHANNELS[locus.channel]}
    if check.sources and (source := _source_at(locus, check)) is not None:
        return {**made, "source": source}
    if locus.message is not None:
        made["message"] = locus.message
    if locus.choice is not None:
        made["choice"] = locus.choice
    return {**made, "part": locus.part} if locus.part else made


def _source_at(locus: TextLocation, check: Check) -> str | None:
    head, _, number = locus.part.rpartition("/")
    known = head == "/context" and number.isdigit() and int(number) < len(check.sources)
    return check.sources[int(number)].id if known else None


def evidence_of(note: str, check: Check) -> Json | None:
    """`context:/context/0:12-30` with the caller's own name of the source."""
    where, _, span = note.rpartition(":")
    start, _, end = span.partition("-")
    if not (start.isdigit() and end.isdigit()):
        return None
    number = where.rpartition("/")[2]
    own = where.startswith("context:/context/") and number.isdigit()
    source = check.sources[int(number)].id if own and int(number) < len(check.sources) else where
    return {"source": source, "start": int(start), "end": int(end)}
