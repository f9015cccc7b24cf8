"""Layer 3: which machine each channel of an answer gets, and which rules judge it. Pure.

Reasoning is an answer too: with `reasoning.check: same` the rules of content judge it as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from threegate.guard.decide import Judge, wanted_kinds
from threegate.guard.mask import MaskMap, Restorer
from threegate.guard.redact import Renderer
from threegate.guard.stream import Plan, StreamMachine
from threegate.policy.model import CompiledPolicy, Mode, Rule, StreamMode
from threegate.types import Caller, Channel, Layer

OUTPUT_CHANNELS = (Channel.CONTENT, Channel.REASONING, Channel.TOOL_ARGUMENTS)


LEAK_PII = "leak.pii"


class Needs(Protocol):
    """Which detectors a wanted kind or prefix needs: `detectors.suite.Suite` knows."""

    def is_sentence_kind(self, pattern: str) -> bool: ...
    def is_pattern_kind(self, pattern: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class ChannelGuard:
    """One channel of an answer: its rules, what they want scanned, and how text is held."""

    judge: Judge
    plan: Plan
    pattern_kinds: frozenset[str]
    sentence_kinds: frozenset[str]
    deadline_ms: int

    @property
    def idle(self) -> bool:
        return not (self.plan.patterns or self.plan.judge)


@dataclass(slots=True)
class OutputGuard:
    """Machines for one answer. `corrections` is filled by the shell as claims are judged."""

    channels: Mapping[Channel, ChannelGuard]
    masks: MaskMap
    restorer: Restorer | None
    corrections: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        policy: CompiledPolicy,
        caller: Caller,
        today: str,
        masks: MaskMap,
        *,
        same: bool,
        kinds_of: Mapping[str, tuple[str, ...]],
        needs: Needs,
    ) -> OutputGuard:
        channels = {
            c: _channel(_rules(policy, c, caller, same=same), c, caller, today, kinds_of, needs)
            for c in OUTPUT_CHANNELS
        }
        restorer = Restorer(masks) if len(masks) else None
        return cls(channels, masks, restorer)

    def machine(self, channel: Channel) -> StreamMachine:
        guard = self.channels[channel]
        render = Renderer({r.id: r for r in guard.judge.rules}, self.masks, self.corrections)
        return StreamMachine(guard.plan, render, self.restorer)

    @property
    def idle(self) -> bool:
        """Nothing to check and nothing to restore: bytes may pass as they are."""
        return self.restorer is None and all(g.idle for g in self.channels.values())


def _rules(
    policy: CompiledPolicy, channel: Channel, caller: Caller, *, same: bool
) -> tuple[Rule, ...]:
    rules = policy.rules_for(Layer.OUTPUT, channel)
    if channel is Channel.REASONING and same:
        known = {r.id for r in rules}
        content = policy.rules_for(Layer.OUTPUT, Channel.CONTENT)
        rules += tuple(r for r in content if r.id not in known and r.claims is None)
    return tuple(r for r in rules if r.when.matches(caller))


def _channel(
    rules: tuple[Rule, ...],
    channel: Channel,
    caller: Caller,
    today: str,
    kinds_of: Mapping[str, tuple[str, ...]],
    needs: Needs,
) -> ChannelGuard:
    wanted = wanted_kinds(rules)
    sentence = frozenset(k for k in wanted if needs.is_sentence_kind(k))
    patterns = frozenset(k for k in wanted if needs.is_pattern_kind(k))
    if LEAK_PII in wanted:
        patterns |= {"pii"}  # what is new among all that a pattern finds
    waits = [r for r in rules if any(needs.is_sentence_kind(k) for k in wanted_kinds((r,)))]
    holding = any(r.stream is StreamMode.HOLD and r.mode is Mode.ENFORCE for r in waits)
    plan = Plan(channel, bool(patterns), bool(sentence), holding)
    deadline = min((r.deadline_ms for r in waits), default=0)
    return ChannelGuard(Judge(rules, caller, today, kinds_of), plan, patterns, sentence, deadline)
