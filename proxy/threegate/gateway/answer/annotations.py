"""Rulings on claims as clients see them: verdict, position, score and evidence, never further
text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from threegate.types import CLAIM_KINDS, CLAIM_SUPPORTED, Action, Finding, Ruling

VERDICTS = {kind: kind.removeprefix("claim.") for kind in CLAIM_KINDS}


def notes_of(ruled: Iterable[Ruling]) -> list[dict[str, Any]]:
    """What the client receives: everything that a rule annotates, and the supported claims of the
    same answer. What a rule only flags stays in the audit log."""
    out = []
    for r in ruled:
        f = r.finding
        if r.shadow or not isinstance(f, Finding):
            continue
        if f.kind == CLAIM_SUPPORTED or r.action is Action.ANNOTATE:
            out.append(_annotation(r, f))
    return out


def _annotation(ruled: Ruling, finding: Finding) -> dict[str, Any]:
    made: dict[str, Any] = {
        "rule_id": ruled.rule_id,
        "kind": finding.kind,
        "start": finding.span.start,
        "end": finding.span.end,
        "score": round(finding.score, 4),
        "choice": finding.locus.choice or 0,
        "channel": finding.locus.channel.value,
    }
    if finding.kind in VERDICTS:
        made["verdict"] = VERDICTS[finding.kind]
        made["evidence"] = finding.note
    return made
