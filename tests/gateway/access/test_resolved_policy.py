from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from threegate.policy.model import Rule
from threegate.types import Action, Channel, Layer

from tests.gateway.calls import HI, call_of, deps_of
from tests.gateway.shell import BadWords, policy, rule, suite


@pytest.mark.parametrize("kind", ["hazard.test", "pii.cn.mobile"])
async def test_only_rules_that_wait_shorten_the_deadline(tmp_path: Path, kind: str) -> None:
    """A judge may take as long as its rule says, whatever rules on patterns say."""
    patient = replace(_on_input("patient", "hazard.test"), deadline_ms=60_000)
    other = replace(_on_input("other", kind), deadline_ms=3_000)
    rules = policy(patient, other)
    deps = deps_of(tmp_path, rules, detectors=suite(BadWords()))
    call, _ = call_of(deps, rules, HI)
    expected = 3_000 if kind == "hazard.test" else 60_000
    assert call.resolved.input[Channel.USER].deadline_ms == expected
    await deps.upstreams.aclose()


def _on_input(rule_id: str, kind: str) -> Rule:
    channels = frozenset({Channel.USER})
    return rule(rule_id, Action.FLAG, kind, layer=Layer.INPUT, channels=channels)
