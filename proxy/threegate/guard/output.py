"""Layer 3: the machine for each channel of an answer and the rules that judge it. Pure. Reasoning
is part of the answer: with `reasoning.check: same` the rules on content judge it as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Protocol

from threegate.guard.cite import Citations
from threegate.guard.client_text import ClientText, letters
from threegate.guard.decide import RuleSet, wanted_kinds
from threegate.guard.known_secrets import KnownSecrets
from threegate.guard.masking.mask import MaskMap
from threegate.guard.masking.placeholders import PlaceholderFinder
from threegate.guard.masking.public_values import is_public
from threegate.guard.masking.restore import TextRestorer
from threegate.guard.redact import EDITS, Renderer
from threegate.guard.stream.machine import Plan, StreamMachine
from threegate.guard.stream.pattern_frontier import FastPath
from threegate.guard.stream.text import Replacer
from threegate.policy.model import CompiledPolicy, Mode, Rule, StreamMode, matches
from threegate.types import Action, Caller, Channel, Failed, Finding, Layer, Verdict

OUTPUT_CHANNELS = (Channel.CONTENT, Channel.REASONING, Channel.TOOL_ARGUMENTS)


NOTHING = Verdict()
NO_SECRETS, NO_CITATIONS = KnownSecrets(), Citations()
LEAK_CONSTITUTION = "leak.constitution"
LEAK_PII, NEW_PII = "leak.pii", "new_pii"
"""Personal data that the request did not contain: `leak.` before the kind that a pattern found."""


class Claims(Enum):
    """What a fact check holds: nothing, sentences if there are sources, or every sentence."""

    FREE = auto()
    HELD_BY_SOURCES = auto()
    HELD = auto()


class Needs(Protocol):
    """Which detectors a wanted kind or prefix needs: `detectors.DetectorSet` knows."""

    def is_sentence_kind(self, pattern: str) -> bool: ...
    def is_pattern_kind(self, pattern: str) -> bool: ...
    def checks_prefixes(self, kinds: frozenset[str]) -> bool: ...


@dataclass(frozen=True, slots=True)
class ChannelGuard:
    """One channel of an answer: its rules, what they need scanned, and how text is held."""

    rule_set: RuleSet
    plan: Plan
    pattern_kinds: frozenset[str]
    deadlines: Mapping[str, int]  # see `deadlines`
    finds_new_data: bool = False  # a rule looks for personal data that the request did not contain
    checks_early: bool = False  # all that holds a sentence, claims aside, can check it as it grows
    claims: Claims = Claims.FREE
    citing: frozenset[str] = frozenset()  # rules that mark their sources in the text

    def bound(self, caller: Caller, today: str, stopped: frozenset[str]) -> ChannelGuard:
        rule_set = self.rule_set.bound(caller, today, stopped)
        return self if rule_set is self.rule_set else replace(self, rule_set=rule_set)

    def releases_early(self, *, sources: bool) -> bool:
        """Whether clear text may leave before its sentence has ended."""
        held = self.claims is Claims.HELD or (sources and self.claims is Claims.HELD_BY_SOURCES)
        return self.checks_early and not held

    @property
    def idle(self) -> bool:
        return not (self.plan.patterns or self.plan.judge)

    def judge_patterns(
        self,
        text: str,
        offset: int,
        findings: Sequence[Finding],
        failures: Sequence[Failed],
        sent: ClientText,
    ) -> Verdict:
        """The verdict on what patterns found in `text`, which begins at `offset`. What the client
        sent itself (`sent`) is no leak."""
        if not findings and not failures:
            return NOTHING
        found = [f for f in findings if not _is_quoted(f, text, offset, sent)]
        failed = list(failures)
        if self.finds_new_data:
            found += [
                replace(f, detector=NEW_PII, kind=f"leak.{f.kind}")
                for f in findings
                if _is_new(f, text, offset, sent)
            ]
            failed += [replace(f, detector=NEW_PII) for f in failures]
        return self.rule_set.verdict(found, failed, text, offset)


def _is_new(finding: Finding, text: str, offset: int, sent: ClientText) -> bool:
    """A value without letters or digits (smuggled in variation selectors, say) cannot be compared
    with anything, so it counts as new."""
    if not finding.kind.startswith("pii."):
        return False
    value = text[finding.span.start - offset : finding.span.end - offset]
    known = letters(value)
    return (not known or known not in sent.known) and not is_public(finding.kind, value)


def _is_quoted(finding: Finding, text: str, offset: int, sent: ClientText) -> bool:
    if finding.kind != LEAK_CONSTITUTION or not sent.quoted:
        return False
    value = text[finding.span.start - offset : finding.span.end - offset]
    return letters(value) in sent.quoted


@dataclass(slots=True)
class OutputGuard:
    """Machines for one answer. `corrections` is filled by the shell as claims are judged;
    `language` is that of the call."""

    channels: Mapping[Channel, ChannelGuard]
    masks: MaskMap
    language: str
    placeholders: PlaceholderFinder | None
    secrets: KnownSecrets = NO_SECRETS
    citations: Citations = NO_CITATIONS
    masked: frozenset[Channel] = frozenset()
    in_json: bool = False
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
        """The guard of one answer. `today` is an ISO date, for exceptions; `same`: the rules on
        content judge reasoning too; `kinds_of`: the kinds that each detector reports, by its id."""
        channels = channel_guards(policy, caller, today, same=same, kinds_of=kinds_of, needs=needs)
        return cls.over(channels, masks, caller.language)

    @classmethod
    def over(
        cls,
        channels: Mapping[Channel, ChannelGuard],
        masks: MaskMap,
        language: str,
        secrets: KnownSecrets = NO_SECRETS,
        citations: Citations = NO_CITATIONS,
        masked: frozenset[Channel] = frozenset(),
        *,
        in_json: bool = False,
    ) -> OutputGuard:
        """`masked`: channels in which values are not restored. `in_json`: the answer is JSON."""
        placeholders = PlaceholderFinder(masks) or None
        return cls(channels, masks, language, placeholders, secrets, citations, masked, in_json)

    def machine(
        self,
        channel: Channel,
        tool: str = "",
        fast_path: FastPath | None = None,
        *,
        release_early: bool = False,
    ) -> StreamMachine:
        """A machine for one text. `tool` is the tool whose arguments the text is; with
        `release_early` it leaves before its sentences have ended, as far as it is clear."""
        plan, render = self.channels[channel].plan, self.renderer(channel)
        plan = replace(plan, release_early=True) if release_early else plan
        placeholders = None if channel in self.masked else self.placeholders
        replacers: list[Replacer] = [self.secrets.in_answers(self.language)] if self.secrets else []
        if placeholders:
            replacers.append(TextRestorer(placeholders, channel, tool))
        mark, is_json = self.citations.mark, self.is_json(channel)
        return StreamMachine(plan, render, replacers, mark, fast_path, is_json=is_json)

    def is_json(self, channel: Channel) -> bool:
        """Whether edits must keep the text valid JSON."""
        return channel is Channel.TOOL_ARGUMENTS or (self.in_json and channel is Channel.CONTENT)

    def renderer(self, channel: Channel) -> Renderer:
        rules = self.channels[channel].rule_set.by_id
        return Renderer(rules, self.masks, self.language, self.corrections)


def citations_of(
    channels: Mapping[Channel, ChannelGuard], sources: Sequence[str], language: str
) -> Citations:
    """Citation marks for the rules that request them."""
    citing = frozenset[str]().union(*(g.citing for g in channels.values()))
    return Citations(citing, tuple(sources), language) if citing else NO_CITATIONS


def channel_guards(
    policy: CompiledPolicy,
    caller: Caller,
    today: str,
    *,
    same: bool,
    kinds_of: Mapping[str, tuple[str, ...]],
    needs: Needs,
) -> dict[Channel, ChannelGuard]:
    """A guard for every channel of an answer; the arguments are those of `OutputGuard.of`."""
    return {
        c: _channel(_rules(policy, c, caller, same=same), c, caller, today, kinds_of, needs)
        for c in OUTPUT_CHANNELS
    }


def rules_that_wait(rules: Iterable[Rule], needs: Needs) -> list[Rule]:
    """Those that a classifier or judge answers."""
    return [r for r in rules if any(needs.is_sentence_kind(k) for k in wanted_kinds((r,)))]


def deadlines(rules: Iterable[Rule], needs: Needs) -> dict[str, int]:
    """For each kind that a classifier or judge looks for, the shortest deadline of its rules, in
    milliseconds."""
    out: dict[str, int] = {}
    for rule in rules:
        for kind in filter(needs.is_sentence_kind, wanted_kinds((rule,))):
            out[kind] = min(rule.deadline_ms, out.get(kind, rule.deadline_ms))
    return out


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
    patterns = frozenset(k for k in wanted if needs.is_pattern_kind(k))
    leaks = {k for k in wanted if matches(LEAK_PII, k)}
    patterns |= {k.removeprefix("leak.") for k in leaks}
    waits = rules_that_wait(rules, needs)
    holding = [r for r in waits if r.stream is StreamMode.HOLD and r.mode is Mode.ENFORCE]
    plan = Plan(channel, bool(patterns), bool(waits), bool(holding))
    rule_set = RuleSet(rules, caller, today, kinds_of)
    checks_early = bool(holding) and _checks_early([r for r in holding if r.claims is None], needs)
    citing = frozenset(r.id for r in rules if r.claims is not None and r.claims.cite)
    return ChannelGuard(
        rule_set,
        plan,
        patterns,
        deadlines(rules, needs),
        bool(leaks),
        checks_early,
        _claims(holding),
        citing,
    )


def _checks_early(holding: Sequence[Rule], needs: Needs) -> bool:
    """An edit leaves as a whole, so its sentence is held to the end."""
    kinds = frozenset(k for k in wanted_kinds(holding) if needs.is_sentence_kind(k))
    return not any(r.action in EDITS for r in holding) and needs.checks_prefixes(kinds)


def _claims(holding: Sequence[Rule]) -> Claims:
    checked = [r.claims for r in holding if r.claims is not None]
    if any(c.on_no_source > Action.FLAG for c in checked):
        return Claims.HELD
    return Claims.HELD_BY_SOURCES if checked else Claims.FREE
