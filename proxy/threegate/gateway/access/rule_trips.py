"""Rules with a band (an expected share of calls): counts calls and knows which rules have left
their band."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field

from threegate.policy.lifecycle.bands import BandExit, BandSide, Tally
from threegate.policy.model import CompiledPolicy, Mode, Rule, in_rollout
from threegate.types import Caller, Decision, Finding

NONE: frozenset[str] = frozenset()


@dataclass(slots=True)
class Bands:
    """The bands of one process. `left` are the exits in the shared store when it was last read."""

    clock: Callable[[], float] = time.time
    tally: Tally = field(default_factory=Tally)
    left: tuple[BandExit, ...] = ()
    _stopped: dict[str, frozenset[str]] = field(default_factory=dict)

    def stopped(self, policy: CompiledPolicy) -> frozenset[str]:
        """Ids of rules that act as if in shadow because they fired too often."""
        return self._stopped.get(policy.digest, NONE)

    def update(self, left: tuple[BandExit, ...]) -> None:
        stopped: dict[str, frozenset[str]] = {}
        for each in left:
            if each.side is BandSide.ABOVE:
                stopped[each.policy] = stopped.get(each.policy, NONE) | {each.rule}
        self.left, self._stopped = left, stopped

    @property
    def minute(self) -> int:
        return int(self.clock() // 60)

    def count(
        self, policy: CompiledPolicy, caller: Caller, decisions: Collection[Decision]
    ) -> None:
        """One call that has ended."""
        if policy.banded:
            stopped = self.stopped(policy)
            rules = [r for r in policy.banded if r.id not in stopped]
            self.tally.add(policy.digest, looked(rules, caller, decisions), self.minute)


def looked(
    rules: Iterable[Rule], caller: Caller, decisions: Collection[Decision]
) -> Iterator[tuple[str, bool]]:
    """Each rule that judged the call, and whether it acted on a finding. A failed detector is not a
    reason to stop the rule that handles the failure."""
    layers = {d.layer for d in decisions}
    acted = {
        r.rule_id
        for d in decisions
        for r in d.verdict.ruled
        if r.action and not r.shadow and isinstance(r.finding, Finding)
    }
    for rule in rules:
        enforced = rule.mode is Mode.ENFORCE and rule.layer in layers
        if enforced and rule.when.matches(caller) and in_rollout(rule, caller):
            yield rule.id, rule.id in acted
