"""Layers 1 and 2 of one call: scan and judge every text, then apply the constraint rules."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from threegate.audit.log.record import Part
from threegate.detectors.detector_set import DetectorSet
from threegate.detectors.engine.budget import Budget
from threegate.detectors.judged_texts import Judgement
from threegate.gateway.access.resolved_policy import InputRules
from threegate.gateway.context import CallContext, ms_since, stop
from threegate.gateway.outcome import outcome_of, refused
from threegate.gateway.request.cross_turn import over_parts, together
from threegate.gateway.request.parted_values import with_parted_values
from threegate.gateway.request.protocol_words import MODEL, scan_words, with_ids
from threegate.gateway.request.schema_words import over_schemas
from threegate.guard.constraint import Constrained, constrain, oversized
from threegate.guard.constraint_merge import Constraints
from threegate.guard.decide import RuleSet
from threegate.guard.input import InputResult, ScannedText, judge_input
from threegate.guard.request_draft import UNKNOWN, BodyChange
from threegate.guard.second_opinion import NO_OPINIONS, Opinions
from threegate.types import Action, Channel, Layer, Passage, Ruling
from threegate.wire.adapter import Body, Slot


async def input_layer(call: CallContext) -> InputResult | None:
    """None if the call has ended here."""
    result = await judge_request(call)
    if (ruled := result.stop) is None:
        return result
    await stop(call, outcome_of(ruled, call.policy, call.trail.decision_id, call.caller.language))
    return None


async def judge_request(call: CallContext) -> InputResult:
    """Layer 1's verdict, recorded, with the edited texts in `call.body`."""
    started = time.perf_counter()
    result = await scan_request(call)
    call.trail.parts = _parts(call, result)
    if result.texts:
        call.body = call.adapter.put(call.body, result.texts)
    if any(map(_edits_model, result.verdict.ruled)):
        call.trail.caller = replace(call.caller, model=result.texts.get(MODEL, ""))
    call.trail.masked = tuple([m.kind for m in call.masks.entries()])
    call.trail.decide(Layer.INPUT, result.verdict, ms_since(started))
    return result


async def scan_request(call: CallContext) -> InputResult:
    """Only the verdict; masked values are in `call.masks`."""
    budget = Budget.for_size(sum(len(s.text) for s in (*call.slots, *call.words)))
    channels = call.resolved.input
    rule_sets = {
        channel: rules.rule_set.bound(call.caller, call.today, call.stopped)
        for channel, rules in channels.items()
    }
    scans: list[ScannedText] = []
    for channel, rules in channels.items():
        if slots := [s for s in call.slots if s.locus.channel is channel]:
            scans += await _scan_channel(
                call.detector_set, slots, rules, rule_sets[channel], budget
            )
    patterns = {channel: rules.patterns for channel, rules in channels.items()}
    scans += await scan_words(call.detector_set, call.words, channels, budget)
    defined = await over_schemas(call.detector_set, call.body, call.slots, patterns, budget)
    scans += [_scanned(slot, judgement) for slot, judgement in defined]
    result = judge_input(scans, rule_sets, call.masks, call.caller.language)
    return replace(result, texts=with_ids(result.texts, call.words, call.masks.key))


async def _scan_channel(
    detector_set: DetectorSet,
    slots: Sequence[Slot],
    rules: InputRules,
    rule_set: RuleSet,
    budget: Budget,
) -> list[ScannedText]:
    """The texts of one channel, by themselves and read as one."""
    wanted = rules.patterns, rules.deadlines
    passages = [Passage(s.locus, s.text) for s in slots]
    judged = await detector_set.check(passages, *wanted, budget)
    judged = await with_parted_values(detector_set, slots, judged, rules.patterns, budget)
    asked = [rule_set.questions(j.findings, s.text) for s, j in zip(slots, judged, strict=True)]
    opinions = await detector_set.second.opinions(passages, asked)
    scans = [
        _scanned(slot, judgement, opinion)
        for slot, judgement, opinion in zip(slots, judged, opinions, strict=True)
    ]
    if spread := await together(detector_set, slots, *wanted, budget):
        scans.append(_scanned(slots[-1], Judgement(spread)))
    parts = await over_parts(detector_set, slots, *wanted, budget)
    return scans + [_scanned(slot, judgement) for slot, judgement in parts]


def _scanned(slot: Slot, judgement: Judgement, opinions: Opinions = NO_OPINIONS) -> ScannedText:
    found, failures = judgement.findings, judgement.failures
    return ScannedText(slot.locus, slot.pointer, slot.text, found, failures, opinions)


async def constraint_layer(call: CallContext, kinds: frozenset[str]) -> bool:
    """False if the call has ended here. `kinds` is what layer 1 found, for conditional clauses."""
    started = time.perf_counter()
    sent = {k: v for k, v in call.body.items() if k != "context"}
    done = _constrained(call, sent, call.constraints, kinds)
    trial = call.constraints.trial
    tried = None if trial is None else _constrained(call, sent, trial, kinds)
    call.body = done.body
    call.trail.constrained(done, tried, ms_since(started))
    call.trail.model_served = call.adapter.model(call.body)
    if (refusal := done.refusal) is None:
        call.out.headers |= changed_header(done.changes)
        return True
    outcome = refused(refusal, call.trail.decision_id)
    await stop(call, replace(outcome, http_status=refusal.status), refusal.code)
    return False


def _constrained(
    call: CallContext, sent: Body, constraints: Constraints, kinds: frozenset[str]
) -> Constrained:
    masked = any(not m.synthetic for m in call.masks.entries())
    done = constrain(sent, call.adapter, constraints, kinds, masked=masked)
    if done.refusal or (large := oversized(call.slots, constraints, call.adapter.api)) is None:
        return done
    return replace(done, refusal=large)


def _edits_model(ruled: Ruling) -> bool:
    """Whether the name of the model, which is recorded, has something that a rule acts on."""
    acts = ruled.action > Action.FLAG and not ruled.shadow
    return acts and ruled.finding.locus is not None and ruled.finding.locus.part == MODEL


def _parts(call: CallContext, result: InputResult) -> tuple[Part, ...]:
    if call.policy.audit.level not in ("redacted", "full", "metadata"):
        return ()
    return tuple(
        Part(f"{s.pointer.lstrip('/')}:{s.locus.channel}", s.text, result.texts.get(s.pointer))
        for s in (*call.slots, *(w for w in call.words if w.pointer in result.texts))
        if s.locus.channel in (Channel.USER, Channel.TOOL_RESULT, Channel.TOOL_ARGUMENTS)
    )


CHANGED_HEADER = "x-threegate-changed"
MAX_NAMES = 24
"""Further names are left out; `...` at the end says so."""
_PRINTABLE = re.compile(r"[A-Za-z0-9_.$\-]{1,64}")
_NOT_REPORTED = "placed"  # clients need not know whether there is a constitution


def changed_header(changes: Iterable[BodyChange]) -> dict[str, str]:
    """The answer header that lists what layer 2 changed: each field once, in the order of the
    changes, names and never values; empty without a change. A name that a header cannot carry is
    reported as `unknown`."""
    reported = (c for c in changes if c.what != _NOT_REPORTED)
    names = list(dict.fromkeys(_name(c) for c in reported))
    shown = names[:MAX_NAMES] + ["..."] * (len(names) > MAX_NAMES)
    return {CHANGED_HEADER: ", ".join(shown)} if shown else {}


def _name(change: BodyChange) -> str:
    name = change.sent_name or change.field_name
    return name if _PRINTABLE.fullmatch(name) else UNKNOWN
