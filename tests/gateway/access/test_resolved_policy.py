from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from threegate.gateway.access.resolved_policy import PolicyResolver
from threegate.policy.model import Rule, When
from threegate.types import Action, Caller, Channel, Layer

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
    assert call.resolved.input[Channel.USER].deadlines == {"hazard.test": expected}
    await deps.upstreams.aclose()


def test_names_that_a_client_invents_are_not_kept() -> None:
    """Only what selectors tell apart is: a call for another model gets its own rules."""
    everyone, some = (_on_input(name, "pii.cn.mobile") for name in ("everyone", "some"))
    rules = policy(everyone, replace(some, when=When(model=("r1*",), tenant=("t",))))
    resolver, detectors = PolicyResolver(), suite(BadWords())
    for n in range(300):
        caller = Caller(f"t{n}", f"k{n}", f"/v1/{n}", "m" * n, "zh" if n % 2 else "en")
        found = resolver.of(rules, caller, detectors).input[Channel.USER].rule_set.rules
        assert [r.id for r in found] == ["everyone"]
    assert len(resolver._known) == 1
    found = (
        resolver.of(rules, Caller("t", model="r1-a"), detectors).input[Channel.USER].rule_set.rules
    )
    assert [r.id for r in found] == ["everyone", "some"]
    assert len(resolver._known) == 2


@pytest.mark.parametrize(("tenant", "held"), [("hr", []), ("retail", ["pay"]), ("", ["pay"])])
def test_a_rule_is_not_looked_up_for_whom_it_excludes(tenant: str, held: list[str]) -> None:
    rules = policy(replace(_on_input("pay", "pii.cn.mobile"), when=When(not_tenant=("hr",))))
    resolver, detectors = PolicyResolver(), suite(BadWords())
    for _ in range(2):  # the second time as it is cached
        found = resolver.of(rules, Caller(tenant), detectors).input.get(Channel.USER)
        assert [r.id for r in (found.rule_set.rules if found else ())] == held


def _on_input(rule_id: str, kind: str) -> Rule:
    channels = frozenset({Channel.USER})
    return rule(rule_id, Action.FLAG, kind, layer=Layer.INPUT, channels=channels)
