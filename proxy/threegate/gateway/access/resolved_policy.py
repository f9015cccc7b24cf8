"""A policy resolved for one caller, cached for all callers that match the same selectors.

Only conversation and date differ between their calls (roll-outs and exceptions depend on them), so
rule sets are bound to the caller of each call.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from threegate.detectors.detector_set import DetectorSet
from threegate.gateway.answer.output_contract import judges_calls
from threegate.guard.constraint_merge import Constraints, merge
from threegate.guard.decide import RuleSet, wanted_kinds
from threegate.guard.input import rule_sets
from threegate.guard.output import ChannelGuard, channel_guards, deadlines
from threegate.policy.model import AiLabel, Claims, CompiledPolicy, ReasoningVisibility, in_rollout
from threegate.types import Caller, Channel, Layer

MAX_CACHED = 256
"""Cached kinds of callers, some 13 KB each. A client that invents model names adds none, because
callers matched by the same selectors are one kind."""


@dataclass(frozen=True, slots=True)
class InputRules:
    """One channel of a request: its rules and the kinds that they need scanned."""

    rule_set: RuleSet
    patterns: frozenset[str]
    deadlines: Mapping[str, int]  # see `guard.output.deadlines`


@dataclass(frozen=True, slots=True)
class ResolvedPolicy:
    """`input` has only the channels with rules. `unchanged`: no rule checks or changes an answer,
    so its bytes are passed through. `checks` are the fact checks of an answer."""

    input: Mapping[Channel, InputRules]
    output: Mapping[Channel, ChannelGuard]
    constraints: Constraints
    unchanged: bool
    checks: tuple[Claims, ...]


@dataclass(slots=True)
class PolicyResolver:
    _known: dict[tuple[str, str, str], ResolvedPolicy] = field(default_factory=dict, repr=False)

    def of(
        self, policy: CompiledPolicy, caller: Caller, detector_set: DetectorSet
    ) -> ResolvedPolicy:
        """A policy as it applies to a caller, cached by the selectors and roll-outs that match."""
        sides = "".join(["01"[in_rollout(r, caller)] for r in policy.rolled])
        matched = "".join(["01"[s.matches(caller)] for s in policy.selectors])
        key = (policy.digest, sides, matched)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MAX_CACHED:
                self._known.clear()
            known = self._known[key] = _resolved(policy, caller, detector_set)
        return known


def _resolved(policy: CompiledPolicy, caller: Caller, detector_set: DetectorSet) -> ResolvedPolicy:
    constraints = merge(policy, caller)
    channels = rule_sets(policy, Layer.INPUT, caller, "", detector_set.kinds_of)
    same = constraints.reasoning.check == "same"
    output = channel_guards(
        policy, caller, "", same=same, kinds_of=detector_set.kinds_of, needs=detector_set
    )
    input_rules = {c: _input(r, detector_set) for c, r in channels.items() if r.rules}
    unchanged = all(g.idle for g in output.values()) and _leaves_unchanged(policy, constraints)
    rules = (rule for guard in output.values() for rule in guard.rule_set.rules)
    checks = tuple(rule.claims for rule in rules if rule.claims is not None)
    return ResolvedPolicy(input_rules, output, constraints, unchanged, checks)


def _leaves_unchanged(policy: CompiledPolicy, c: Constraints) -> bool:
    gated = c.response_format or any(judges_calls(t) for _, t in c.tools)
    counted = any(limits.by_tokens for _, limits in c.limits)
    shown = c.reasoning.show in (ReasoningVisibility.SHOWN, ReasoningVisibility.MASKED)
    return not gated and not counted and shown and policy.label is AiLabel.OFF


def _input(rule_set: RuleSet, detector_set: DetectorSet) -> InputRules:
    wanted = wanted_kinds(rule_set.rules)
    patterns = frozenset(k for k in wanted if detector_set.is_pattern_kind(k))
    return InputRules(rule_set, patterns, deadlines(rule_set.rules, detector_set))
