"""Layers 1 and 2 of one call: scan and judge every text, then apply the constraint rules."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import replace

from threegate.audit.log.record import Part
from threegate.detectors.engine.budget import Budget
from threegate.gateway.context import CallContext, ms_since, stop
from threegate.gateway.outcome import outcome_of, refused
from threegate.gateway.request.cross_turn import over_parts, together
from threegate.gateway.request.parted_values import with_parted_values
from threegate.gateway.request.schema_words import over_schemas
from threegate.guard.constraint import Constrained, constrain, oversized
from threegate.guard.constraint_merge import Constraints
from threegate.guard.decide import RuleSet
from threegate.guard.input import InputResult, ScannedText, judge_input
from threegate.guard.request_draft import UNKNOWN, BodyChange
from threegate.types import Channel, Layer, Passage
from threegate.wire.adapter import Body


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
    call.trail.masked = tuple([m.kind for m in call.masks.entries()])
    call.trail.decide(Layer.INPUT, result.verdict, ms_since(started))
    return result


async def scan_request(call: CallContext) -> InputResult:
    """Only the verdict; masked values are in `call.masks`."""
    budget = Budget.for_size(sum(len(s.text) for s in call.slots))
    by_channel: dict[Channel, RuleSet] = {}
    scans: list[ScannedText] = []
    for channel, rules in call.resolved.input.items():
        slots = [s for s in call.slots if s.locus.channel is channel]
        if not slots:
            continue
        by_channel[channel] = rules.judge.bound(call.caller, call.today, call.stopped)
        passages = [Passage(s.locus, s.text) for s in slots]
        wanted = rules.patterns, rules.deadlines
        judged = await call.detector_set.check(passages, *wanted, budget)
        patterns = rules.patterns
        judged = await with_parted_values(call.detector_set, slots, judged, patterns, budget)
        bound = by_channel[channel]
        asked = [bound.questions(j.findings, s.text) for s, j in zip(slots, judged, strict=True)]
        opinions = await call.detector_set.second.opinions(passages, asked)
        scans += [
            ScannedText(s.locus, s.pointer, s.text, j.findings, j.failures, o)
            for s, j, o in zip(slots, judged, opinions, strict=True)
        ]
        if spread := await together(call.detector_set, slots, *wanted, budget):
            scans.append(ScannedText(slots[-1].locus, slots[-1].pointer, slots[-1].text, spread))
        for s, j in await over_parts(call.detector_set, slots, *wanted, budget):
            scans.append(ScannedText(s.locus, s.pointer, s.text, j.findings, j.failures))
    scans += await _schema_scans(call, by_channel, budget)
    return judge_input(scans, by_channel, call.masks, call.caller.language)


async def _schema_scans(
    call: CallContext, by_channel: dict[Channel, RuleSet], budget: Budget
) -> list[ScannedText]:
    """Definitions read as one; one of names alone may be the first text of its channel."""
    wanted = {channel: rules.patterns for channel, rules in call.resolved.input.items()}
    found = await over_schemas(call.detector_set, call.body, call.slots, wanted, budget)
    for channel in {slot.locus.channel for slot, _ in found} - by_channel.keys():
        rules = call.resolved.input[channel]
        by_channel[channel] = rules.judge.bound(call.caller, call.today, call.stopped)
    return [ScannedText(s.locus, s.pointer, s.text, j.findings, j.failures) for s, j in found]


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


def _parts(call: CallContext, result: InputResult) -> tuple[Part, ...]:
    if call.policy.audit.level not in ("redacted", "full", "metadata"):
        return ()
    return tuple(
        Part(f"{s.pointer.lstrip('/')}:{s.locus.channel}", s.text, result.texts.get(s.pointer))
        for s in call.slots
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
