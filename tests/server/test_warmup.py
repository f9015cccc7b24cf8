from __future__ import annotations

from pathlib import Path

from threegate.detectors.detector_sets import DetectorSets
from threegate.detectors.pii_intl import email
from threegate.detectors.registry import DETECTORS
from threegate.gateway.access.resolved_policy import PolicyResolver
from threegate.policy.kinds import KINDS
from threegate.policy.lifecycle.store import FolderSource, PolicyStore
from threegate.server.warmup import OFTEN, warm
from threegate.types import Caller


def test_what_a_first_call_scans_with_is_there(tmp_path: Path) -> None:
    root = Path(__file__).parents[2] / "policies"
    store = PolicyStore.of(FolderSource(root, ("base",), lambda: "2026-01-01", KINDS), tmp_path)
    suites, policies = DetectorSets(()), store.pin()
    email._tops.cache_clear()
    warm(policies, suites.of)
    (policy,) = {b.policy.digest: b.policy for b in policies.bindings}.values()
    suite = suites.of(policy)
    applied = PolicyResolver().of(policy, Caller(), suite)
    kinds = {r.patterns for r in applied.input.values()}
    kinds |= {g.pattern_kinds for g in applied.output.values()}
    assert kinds
    assert kinds <= set(suite.patterns._detectors)
    assert email._tops.cache_info().currsize == 1


def test_the_examples_read_are_there() -> None:
    assert {r.info.id for r in DETECTORS} >= OFTEN
