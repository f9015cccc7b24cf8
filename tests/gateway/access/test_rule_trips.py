"""Which calls count for a rule with a band, and which rules rest."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from threegate.gateway.access.rule_trips import Bands
from threegate.policy.lifecycle.bands import BandExit, BandMinute, BandSide, Count
from threegate.policy.model import Band, CompiledPolicy, Detect, Mode, Rule, When
from threegate.types import (
    Action,
    Bilingual,
    Caller,
    Channel,
    Decision,
    Failed,
    Finding,
    Layer,
    Level,
    Reason,
    Ruling,
    Span,
    TextLocation,
    Verdict,
)

LOCUS = TextLocation(Layer.INPUT, Channel.USER)
FOUND = Finding("names", "pii.person", Span(0, 1), 1.0, Level.HIGH, LOCUS)
RULE = Rule(
    "names",
    Layer.INPUT,
    Bilingual("姓名", "Names"),
    frozenset({Channel.USER}),
    Action.MASK,
    Detect(any=("pii.person",)),
    band=Band(max=20),
)
RETAIL = Caller(tenant="retail", conversation="c1")


def policy(**changes: Any) -> CompiledPolicy:
    rule = replace(RULE, **changes)
    return CompiledPolicy("p", "test", rules=(rule,), banded=(rule,) if rule.band else ())


def decision(*ruled: Ruling, layer: Layer = Layer.INPUT) -> Decision:
    return Decision("d", "r", layer, Verdict(Action.ALLOW, ruled), "p", {})


ACTED = Ruling("names", Action.MASK, FOUND)


def counted(made: CompiledPolicy, *decisions: Decision, caller: Caller = RETAIL) -> Count | None:
    bands = Bands(clock=lambda: 120.0)
    bands.count(made, caller, decisions)
    return bands.tally.take().get(BandMinute("p", "names", 2))


@pytest.mark.parametrize(
    ("ruled", "acted"),
    [
        ((), 0),
        ((ACTED,), 1),
        ((ACTED, ACTED), 1),  # one call, however much it found
        ((replace(ACTED, shadow=True),), 0),
        ((replace(ACTED, rule_id="other"),), 0),
        ((replace(ACTED, action=Action.ALLOW),), 0),
        ((replace(ACTED, finding=Failed("names", Reason.TIMEOUT, LOCUS)),), 0),
    ],
)
def test_a_call_counts_once(ruled: tuple[Ruling, ...], acted: int) -> None:
    assert counted(policy(), decision(*ruled)) == Count(1, acted)


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": Mode.SHADOW},
        {"mode": Mode.OFF},
        {"rollout": 0},
        {"when": When(tenant=("wealth",))},
        {"layer": Layer.OUTPUT},
        {"band": None},
    ],
)
def test_what_the_rule_did_not_look_at_does_not_count(changes: dict[str, Any]) -> None:
    assert counted(policy(**changes), decision(ACTED)) is None


def left(side: BandSide, policy_digest: str = "p") -> BandExit:
    return BandExit(policy_digest, "names", side, Count(100, 50), "2026-11-25T08:00:00.000+00:00")


def test_only_a_rule_above_its_band_rests() -> None:
    bands = Bands()
    assert bands.stopped(policy()) == frozenset()
    bands.update((left(BandSide.ABOVE), left(BandSide.BELOW)))
    assert bands.stopped(policy()) == {"names"}
    bands.update((left(BandSide.BELOW), left(BandSide.ABOVE, "another")))
    assert bands.stopped(policy()) == frozenset()


def test_a_stopped_rule_is_counted_no_more() -> None:
    bands = Bands()
    bands.update((left(BandSide.ABOVE),))
    bands.count(policy(), RETAIL, [decision(ACTED)])
    assert bands.tally.take() == {}
