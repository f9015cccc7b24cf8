"""What a client is told about claims: verdict, place, evidence, and never a text."""

from __future__ import annotations

import pytest
from threegate.gateway.answer.annotations import notes_of
from threegate.types import (
    Action,
    Channel,
    Failed,
    Finding,
    Layer,
    Level,
    Reason,
    Ruling,
    Span,
    TextLocation,
)

LOCUS = TextLocation(Layer.OUTPUT, Channel.CONTENT, choice=1)


def ruled(kind: str, action: Action, *, shadow: bool = False) -> Ruling:
    finding = Finding("c", kind, Span(2, 9), 0.98765, Level.HIGH, LOCUS, "tool_result:/m:0-7")
    return Ruling("r", action, finding, shadow)


def test_an_annotated_claim_has_verdict_place_and_evidence() -> None:
    assert notes_of([ruled("claim.contradicted", Action.ANNOTATE)]) == [
        {
            "rule_id": "r",
            "kind": "claim.contradicted",
            "start": 2,
            "end": 9,
            "score": 0.9877,
            "choice": 1,
            "channel": "content",
            "verdict": "contradicted",
            "evidence": "tool_result:/m:0-7",
        }
    ]


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (ruled("claim.supported", Action.ALLOW), True),
        (ruled("claim.unsupported", Action.FLAG), False),
        (ruled("claim.unsupported", Action.ANNOTATE, shadow=True), False),
        (ruled("pii.email", Action.ANNOTATE), True),
        (Ruling("r", Action.ANNOTATE, Failed("c", Reason.TIMEOUT, LOCUS)), False),
    ],
)
def test_who_is_told(one: Ruling, told: bool) -> None:
    notes = notes_of([one])
    assert bool(notes) is told
    assert all(("evidence" in n) is n["kind"].startswith("claim.") for n in notes)
