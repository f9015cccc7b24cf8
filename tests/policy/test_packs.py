"""The shipped packs: no problem, every rule tested in both languages, everything referenced exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from threegate.policy.facade import check
from threegate.policy.lifecycle.store import DirTree
from threegate.policy.schema import Rule
from threegate.types import Action, Caller, Level

POLICIES = Path(__file__).parents[2] / "policies"
PACKS = sorted(p.stem for p in (POLICIES / "packs").glob("*.yaml"))
HAN = re.compile(r"[\u3400-\u9fff]")


def test_all_of_them_are_there() -> None:
    assert set(PACKS) == {
        "base",
        "cn-gbt45654",
        "cn-privacy",
        "coding",
        "eu-gdpr",
        "finance",
        "healthcare",
        "minors",
        "owasp-llm",
        "sampling-focused",
        "sampling-safe",
        "secrets",
    }


@pytest.mark.parametrize("name", PACKS)
def test_no_problem_at_all(name: str) -> None:
    found = check(DirTree(POLICIES), [name], today="2026-11-25").problems
    assert [str(p) for p in found if p.severity != "info"] == []


@pytest.mark.parametrize("name", PACKS)
def test_every_detection_rule_has_both_tests_in_both_languages(name: str) -> None:
    (bundle,) = check(DirTree(POLICIES), [name]).bundles
    rules = [r for pack in bundle.packs for r in pack.rules if isinstance(r, Rule)]
    for rule in rules:
        for samples in (rule.tests.match, rule.tests.no_match):
            assert {bool(HAN.search(s.text)) for s in samples} == {True, False}, rule.id


def test_all_packs_together_make_one_policy() -> None:
    policies = check(DirTree(POLICIES), PACKS).policies
    policy = policies.policy_for(Caller())
    assert policy is not None
    assert len(policy.rules) > 70


STOPS = {
    "base.injection.direct": {"injection.direct": Level.HIGH, "injection.signature": Level.HIGH},
    "base.injection.indirect": {
        "injection.indirect": Level.HIGH,
        "injection.signature": Level.MEDIUM,
    },
    "base.harm.request": {
        "hazard.violence": Level.HIGH,
        "hazard.child_safety": Level.HIGH,
        "hazard.weapons": Level.HIGH,
        "hazard.extremism": Level.HIGH,
        "hazard.drugs": Level.HIGH,
        "hazard.cyber": Level.HIGH,
        "hazard.fraud": Level.HIGH,
        "hazard.other_crime": Level.HIGH,
    },
    "base.harm.asked": {
        "list.asked_weapons": Level.HIGH,
        "list.asked_drugs": Level.HIGH,
        "list.asked_crime": Level.HIGH,
    },
    "base.harm.self_harm": {"hazard.self_harm": Level.HIGH, "list.self_harm": Level.HIGH},
    "base.out.leak": {"leak.constitution": Level.HIGH},
    "base.out.harm": {
        "compliance.harmful": Level.HIGH,
        "hazard.child_safety": Level.HIGH,
        "hazard.weapons": Level.HIGH,
        "hazard.extremism": Level.HIGH,
    },
    "base.out.self_harm": {"hazard.self_harm": Level.MEDIUM},
}
"""All that base stops, and from which level: whoever adds to it or lowers a level changes this."""


def test_base_stops_exactly_this() -> None:
    policy = check(DirTree(POLICIES), ["base"]).policies.policy_for(Caller())
    assert policy is not None
    stops = {
        rule.id: {
            kind: rule.detect.level_for(kind) for kind in (*rule.detect.any, *rule.detect.all)
        }
        for rule in policy.rules
        if rule.action >= Action.ANSWER
    }
    assert stops == STOPS
