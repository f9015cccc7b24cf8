"""The constraint rules of one caller, merged.

The stricter value wins, so that an overlay can narrow what a base pack allows and never widen it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from threegate.policy.model import (
    Check,
    Clamp,
    Clause,
    CompiledPolicy,
    ConstitutionPlace,
    ConstraintRule,
    Fields,
    Images,
    KeepHistory,
    Limits,
    Mode,
    Reasoning,
    ReasoningVisibility,
    ResponseFormat,
    Tools,
    in_rollout,
)
from threegate.types import Caller

PLAIN = Reasoning()


@dataclass(frozen=True, slots=True)
class Constraints:
    """All constraint rules of one caller, merged. Each value remembers which rule it came from."""

    clamps: tuple[tuple[str, str, Clamp], ...] = ()  # (rule id, field, clamp)
    constitutions: tuple[tuple[str, str, ConstitutionPlace], ...] = ()
    clauses: tuple[tuple[str, Clause], ...] = ()
    allow: tuple[tuple[str, tuple[str, ...]], ...] = ()
    alias: tuple[tuple[str, str, str], ...] = ()
    tools: tuple[tuple[str, Tools], ...] = ()
    fields: tuple[tuple[str, Fields], ...] = ()
    reasoning: Reasoning = PLAIN
    history_by: str = ""  # the rule that decides about old reasoning
    limits: tuple[tuple[str, Limits], ...] = ()
    response_format: tuple[tuple[str, ResponseFormat], ...] = ()
    images_denied_by: str = ""
    trial: Constraints | None = None  # what rules in shadow would do

    @property
    def principles(self) -> tuple[str, ...]:
        """Every text that may be added to a request: constitutions and clauses."""
        clauses = (clause.text for _, clause in self.clauses)
        return (*(text for _, text, _ in self.constitutions), *clauses)


def merge(policy: CompiledPolicy, caller: Caller) -> Constraints:
    """The constraints of one caller. Rules in shadow, and those of a roll-out that has not reached
    the caller's conversation, are merged separately: they are tried, not applied."""
    rules = [r for r in policy.constraints if r.when.matches(caller) and r.mode is not Mode.OFF]
    live = [r for r in rules if r.mode is Mode.ENFORCE and in_rollout(r, caller)]
    tried = [r for r in rules if r not in live]
    return replace(_merged(live), trial=_merged(tried) if tried else None)


def _merged(live: Sequence[ConstraintRule]) -> Constraints:
    return Constraints(
        clamps=tuple((r.id, name, clamp) for r in live for name, clamp in r.clamp),
        constitutions=tuple(
            (r.id, r.constitution.text, r.constitution.place) for r in live if r.constitution
        ),
        clauses=tuple((r.id, c) for r in live for c in r.clauses),
        allow=tuple(
            (r.id, r.models.allow) for r in live if r.models and r.models.allow is not None
        ),
        alias=tuple((r.id, a, b) for r in live if r.models for a, b in r.models.alias),
        tools=tuple((r.id, r.tools) for r in live if r.tools),
        fields=tuple((r.id, r.fields) for r in live if r.fields),
        reasoning=_strictest(r.reasoning for r in live if r.reasoning),
        history_by=next(
            (r.id for r in reversed(live) if r.reasoning and r.reasoning.history != "pass"), ""
        ),
        limits=tuple((r.id, r.limits) for r in live if r.limits),
        response_format=tuple((r.id, r.response_format) for r in live if r.response_format),
        images_denied_by=next((r.id for r in live if r.images == Images.DENY), ""),
    )


def _strictest(settings: Iterable[Reasoning]) -> Reasoning:
    out = Reasoning()
    for r in settings:
        show = max(out.show, r.show, key=list(ReasoningVisibility).index)
        history = r.history if r.history is not KeepHistory.PASS else out.history
        check = Check.SEPARATE if Check.SEPARATE in (out.check, r.check) else Check.SAME
        out = replace(r, show=show, history=history, check=check)
    return out
