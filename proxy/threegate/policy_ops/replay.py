"""Replay: what a draft policy would have done with texts that another policy judged, before anybody
is affected.

Both policies judge the same texts with the same detectors, so differences come only from the
policies. A difference names rules, callers and the id of the text, and contains the masked text
from the log, if there is one, for people who may read the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

from threegate.detectors.detector_set import DetectorSet
from threegate.policy.model import CompiledPolicy, PolicySet
from threegate.policy_ops.test_runner import ANYBODY, verdicts
from threegate.types import (
    Action,
    Bilingual,
    Caller,
    Channel,
    Finding,
    Layer,
    Passage,
    Span,
    TextLocation,
    Verdict,
)

BATCH = 64
"""Texts judged together: enough to fill a batch of the classifiers, few enough for a live progress
bar."""
MAX_EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Recorded:
    """One text of recorded traffic or of a golden bank."""

    id: str
    text: str = field(repr=False)
    layer: Layer = Layer.INPUT
    channel: Channel = Channel.USER
    caller: Caller = ANYBODY
    question: str = field(default="", repr=False)
    shown: str = field(default="", repr=False)


class VerdictChange(StrEnum):
    """Newly stopped and newly passed texts are the most interesting. `OBSERVED` and `EXCEPTED`
    change nothing: a rule in shadow now records what it would have done, or a rule meets a caller
    or value of its exceptions."""

    SAME = "same"
    NEWLY_STOPPED = "newly_stopped"
    NEWLY_PASSED = "newly_passed"
    EDITS_DIFFER = "edits_differ"
    OTHER_ACTION = "other_action"
    OBSERVED = "observed"
    EXCEPTED = "excepted"


CHANGE: Mapping[VerdictChange, Bilingual] = {
    VerdictChange.NEWLY_STOPPED: Bilingual("新拦截", "newly blocked"),
    VerdictChange.NEWLY_PASSED: Bilingual("新放行", "newly let through"),
    VerdictChange.EDITS_DIFFER: Bilingual("脱敏不同", "other masks"),
    VerdictChange.OTHER_ACTION: Bilingual("动作不同", "other action"),
    VerdictChange.OBSERVED: Bilingual("仅观察：本会处置", "shadow only: would act"),
    VerdictChange.EXCEPTED: Bilingual("例外：不处置", "exception: does not act"),
    VerdictChange.SAME: Bilingual("不变", "same"),
}


RECORDED_ONLY = (VerdictChange.OBSERVED, VerdictChange.EXCEPTED)
"""Changes without an effect on the text; the first that applies is reported."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`rules` acted differently under the two policies, or elsewhere in the text. For changes that
    are only recorded, these are the rules that would have acted, and `after` is what they would
    have done."""

    id: str
    change: VerdictChange
    before: Action
    after: Action
    rules: tuple[str, ...]
    tenant: str = ""
    key: str = ""
    shown: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Replay:
    total: int
    differences: tuple[Difference, ...]

    @property
    def counts(self) -> Counter[VerdictChange]:
        counted = Counter(d.change for d in self.differences)
        counted[VerdictChange.SAME] = self.total - len(self.differences)
        return counted

    @property
    def changed(self) -> int:
        """Texts that would be treated differently."""
        return sum(d.change not in RECORDED_ONLY for d in self.differences)

    def by_rule(self, change: VerdictChange) -> Counter[str]:
        return Counter(r for d in self.differences if d.change is change for r in d.rules)

    def by_caller(self, change: VerdictChange) -> Counter[str]:
        """Counts by tenant and name of the key."""
        return Counter(f"{d.tenant} / {d.key}" for d in self.differences if d.change is change)

    def examples(self, change: VerdictChange) -> tuple[str, ...]:
        """Ids of the first differences of a sort."""
        found = (d.id for d in self.differences if d.change is change)
        return tuple(id for id, _ in zip(found, range(MAX_EXAMPLES), strict=False))


NOT_BOUND = Verdict(Action.BLOCK)
"""The verdict for a caller without a policy, whom the proxy refuses."""


@dataclass(frozen=True, slots=True)
class ReplaySide:
    """A policy set with its detectors: each text is judged by the policy of its caller."""

    policies: PolicySet
    detector_set_for: Callable[[CompiledPolicy], DetectorSet]

    async def verdicts(self, texts: Sequence[Recorded], today: str) -> list[Verdict]:
        """One verdict per text, in order."""
        bound = [self.policies.policy_for(t.caller) for t in texts]
        made = [NOT_BOUND] * len(texts)
        for policy in {p.digest: p for p in bound if p}.values():
            numbers = [i for i, p in enumerate(bound) if p and p.digest == policy.digest]
            passages = [(_passage(texts[i]), texts[i].caller) for i in numbers]
            judged = await verdicts(policy, self.detector_set_for(policy), passages, today)
            for i, verdict in zip(numbers, judged, strict=True):
                made[i] = verdict
        return made


def _passage(text: Recorded) -> Passage:
    return Passage(TextLocation(text.layer, text.channel), text.text, question=text.question)


async def replay(
    texts: Iterable[Recorded],
    old: ReplaySide,
    new: ReplaySide,
    *,
    today: str = "",
    step: Callable[[], None] = lambda: None,
) -> Replay:
    """Judges every text under both policies. `step` is called once a text."""
    differences: list[Difference] = []
    total = 0
    remaining = iter(texts)
    while batch := tuple(islice(remaining, BATCH)):
        before = await old.verdicts(batch, today)
        after = await new.verdicts(batch, today)
        for text, a, b in zip(batch, before, after, strict=True):
            total += 1
            differences += compared(text, a, b)
            step()
    return Replay(total, tuple(differences))


def compared(text: Recorded, old: Verdict, new: Verdict) -> Iterator[Difference]:
    """What another policy does differently with one text; nothing if it does the same."""
    change, after = _change(old, new), new.action
    rules = sorted({rule for rule, *_ in _acts(old) ^ _acts(new)})
    for sort in RECORDED_ONLY:
        if change is VerdictChange.SAME and (noted := _noted(sort, old, new)):
            change, after, rules = sort, max(noted.values()), sorted(noted)
    if change is not VerdictChange.SAME:
        who = (text.caller.tenant, text.caller.key_id)
        yield Difference(text.id, change, old.action, after, tuple(rules), *who, text.shown)


def _acts(verdict: Verdict) -> frozenset[tuple[str, Action, Span | None]]:
    return frozenset(
        (r.rule_id, r.action, r.finding.span if isinstance(r.finding, Finding) else None)
        for r in verdict.ruled
        if r.action and not r.shadow
    )


def _noted(sort: VerdictChange, old: Verdict, new: Verdict) -> dict[str, Action]:
    """What rules in shadow, or those with an exception, would have done that found nothing
    before."""
    known, excepted = {r.rule_id for r in old.ruled}, sort is VerdictChange.EXCEPTED
    new_ones = (r for r in new.ruled if r.shadow and r.action and r.rule_id not in known)
    return {r.rule_id: r.action for r in new_ones if bool(r.exception_id) is excepted}


def _change(old: Verdict, new: Verdict) -> VerdictChange:
    stopped, stops = (v.action >= Action.ANSWER for v in (old, new))
    if stops != stopped:
        return VerdictChange.NEWLY_STOPPED if stops else VerdictChange.NEWLY_PASSED
    if _edits(old) != _edits(new):
        return VerdictChange.EDITS_DIFFER
    return VerdictChange.SAME if old.action is new.action else VerdictChange.OTHER_ACTION


def _edits(verdict: Verdict) -> frozenset[tuple[Span, Action]]:
    """The parts of the text that are masked, removed or rewritten, and how."""
    return frozenset(
        (r.finding.span, r.action)
        for r in verdict.ruled
        if isinstance(r.finding, Finding)
        and not r.shadow
        and Action.MASK <= r.action <= Action.REWRITE
    )
