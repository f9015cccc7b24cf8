"""The compiled policy, with the lists, patterns and texts that its rules use, and who gets it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from threegate.policy.model.callers import EVERYONE, Selector, in_rollout
from threegate.policy.model.check_digits import CheckDigits
from threegate.policy.model.constraints import ConstraintRule
from threegate.policy.model.rules import Mode, Rule
from threegate.types import Bilingual, Caller, Channel, Layer, Level


class AiLabel(StrEnum):
    """AI-content label (GB 45438): nowhere, response header, `aigc` field, once in the text."""

    OFF = "off"
    HEADER = "header"
    FIELD = "field"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """Callers whose answers carry no sign in the text, at their request and under an agreement that
    makes them responsible (labelling measures, article 9). ISO dates, both inclusive; no `expires`:
    permanent."""

    id: str
    match: Selector
    agreement: str
    agreed: str
    expires: str = ""

    def covers(self, caller: Caller, today: str) -> bool:
        holds = self.agreed <= today and (not self.expires or today <= self.expires)
        return holds and self.match.matches(caller)


@dataclass(frozen=True, slots=True)
class WordList:
    """`match`: asked (only where somebody asks for it) | word (edges matter for ASCII) | substring
    | sound (by pinyin too). Matching runs on normalised views."""

    name: str
    kind: str
    words: tuple[str, ...] = field(repr=False)
    match: str = "substring"


@dataclass(frozen=True, slots=True)
class CustomPattern:
    """An author's RE2 pattern, CJK-safe edges added by the detector."""

    name: str
    kind: str
    pattern: str
    level: Level = Level.HIGH
    edges: bool = True
    check_digits: CheckDigits | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """A category from a description and examples; scored by embeddings."""

    name: str
    kind: str
    describe: Bilingual
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AuditSetting:
    level: str = "metadata"  # none | metadata | redacted | full
    on_failure: str | None = None  # fail_request | spool; None: as the proxy is set
    review_passed: int = 5  # percent
    review_twice: int = 20  # percent


@dataclass(frozen=True, slots=True)
class CuratedAnswer:
    """A curated reply (代答)."""

    id: str
    text: Bilingual
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Knowledge:
    """One document of the knowledge base."""

    id: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CompiledPolicy:
    """Everything the guard needs for one binding.

    `digest` identifies the packs and files that this policy was compiled from and distinguishes the
    policies of one set. People approve, activate and look up the set as a whole, so answers,
    records and traces name the set's digest (`version_digest`).
    """

    digest: str
    name: str
    version: str = ""
    rules: tuple[Rule, ...] = ()
    constraints: tuple[ConstraintRule, ...] = ()
    lists: tuple[WordList, ...] = ()
    patterns: tuple[CustomPattern, ...] = ()
    categories: tuple[Category, ...] = ()
    answers: tuple[CuratedAnswer, ...] = ()
    knowledge: tuple[Knowledge, ...] = ()
    pass_through: tuple[str, ...] = ()
    label: AiLabel = AiLabel.OFF
    unlabelled: tuple[Unlabelled, ...] = ()
    audit: AuditSetting = AuditSetting()
    recognizers: tuple[dict[str, Any], ...] = ()
    banded: tuple[Rule, ...] = ()
    """Those of `rules` that have a band."""
    kind_titles: Mapping[str, Bilingual] = field(default_factory=dict, repr=False)
    """What its lists and detectors are called, by kind."""

    set_digest: str = ""
    """Digest of the policy set that it belongs to; empty for a policy that was compiled alone."""
    aliasing: tuple[ConstraintRule, ...] = field(init=False, repr=False, compare=False)
    """Those of `constraints` that map a model's name to another model."""
    rolled: tuple[ConstraintRule, ...] = field(init=False, repr=False, compare=False)
    """Those of `constraints` that apply to a percentage of conversations."""
    selectors: tuple[Selector, ...] = field(init=False, repr=False, compare=False)
    """The distinct selectors of rules and constraints, without those that match everyone."""

    def __post_init__(self) -> None:
        aliasing = tuple(r for r in self.constraints if r.models and r.models.alias)
        object.__setattr__(self, "aliasing", aliasing)
        object.__setattr__(self, "rolled", tuple(r for r in self.constraints if r.rollout < 100))
        whens = dict.fromkeys([r.when for r in self.rules] + [r.when for r in self.constraints])
        object.__setattr__(self, "selectors", tuple(s for s in whens if s != EVERYONE))

    @property
    def version_digest(self) -> str:
        """The digest of the policy version, as `policy history` shows it."""
        return self.set_digest or self.digest

    @property
    def stamp(self) -> str:
        """The value of `x-threegate-policy` in every response."""
        return f"{self.name}@{self.version_digest[:12]}"

    def rules_for(self, layer: Layer, channel: Channel) -> tuple[Rule, ...]:
        """The rules on a channel that are not off, including those in shadow, in the order of the
        packs."""
        return tuple(
            r
            for r in self.rules
            if r.layer is layer and channel in r.channels and r.mode is not Mode.OFF
        )

    def named(self, caller: Caller) -> Caller:
        """The caller with the model that answers, if an alias in force maps to another."""
        if not self.aliasing:
            return caller
        own = (r for r in self.aliasing if r.mode is Mode.ENFORCE)
        live = (r for r in own if r.when.matches(caller) and in_rollout(r, caller))
        aliases = (alias for r in live if r.models for alias in r.models.alias)
        served = next((served for name, served in aliases if name == caller.model), caller.served)
        return caller if served == caller.served else replace(caller, served=served)


@dataclass(frozen=True, slots=True)
class Binding:
    selector: Selector
    policy: CompiledPolicy


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All bindings, first match wins; `digest` covers all of them."""

    digest: str
    bindings: tuple[Binding, ...]

    def policy_for(self, caller: Caller) -> CompiledPolicy | None:
        return next((b.policy for b in self.bindings if b.selector.matches(caller)), None)

    def named(self, name: str, caller: Caller) -> CompiledPolicy | None:
        """The policy of this name, if some route, model or language leads this tenant and key to
        it. A binding that follows one which takes all their calls never applies to them."""
        for binding in self.bindings:
            if binding.selector.whose(caller):
                if binding.policy.name == name:
                    return binding.policy
                if binding.selector.takes_all_calls:
                    return None
        return None
