"""The exact bytes of a record. An *entry* is one line of canonical JSON (RFC 8785) that a writer
makes from a record, with its place in the chain:

    {"event":{...},"prev":"<leaf hash of the entry before>","seq":0,
     "ts":"2026-11-25T01:02:03.000004Z","v":1,"writer":"..."}

Invariants: an entry has no line break, no control or bidirectional-format character; numbers are
exact in IEEE 754 (RFC 8785 needs that).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson

from threegate.audit.log.places import recorded
from threegate.audit.log.record import Intent, Record
from threegate.types import (
    Action,
    Caller,
    Channel,
    Decision,
    Failed,
    Layer,
    Level,
    Opinion,
    Reason,
    Ruling,
    TextLocation,
    Usage,
)

ENTRY_VERSION = 1
MAX_FIELD_CHARS = 256  # ids, model names, codes: longer ones are attacks or mistakes
MAX_RULED = 200  # per decision; a text with more hits is cut here and says so (`dropped`)
STANDARD = "standard"  # the only retention class; the format has a place for others
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ACTIONS = {action: action.name.lower() for action in Action}
CHANNELS = {channel: channel.value for channel in Channel}
LAYERS = {layer: layer.value for layer in Layer}
UNDECIDED = "undecided"
"""Searched for in place of an action: records without a decision, such as a call that was refused
before one. Their entries have no `action`."""
ACTION_OF = {name: int(action) for action, name in ACTIONS.items()} | {UNDECIDED: -1}
ACTION_NAMES = {number: name for name, number in ACTION_OF.items()}
LEVELS = {level: level.name.lower() for level in Level}


def clean(text: str, limit: int = MAX_FIELD_CHARS) -> str:
    """`text` made safe for one log line: bounded, with U+FFFD for anything that could break or
    disguise the line."""
    if len(text) <= limit and text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:limit])


def canonical(value: Any) -> bytes:
    """RFC 8785 for values with ASCII member names and numbers of `number` (see there)."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def number(value: float) -> int | float:
    """At most four decimals and no integral floats, for which orjson writes the same as ECMAScript
    (RFC 8785)."""
    rounded = round(value, 4)
    return int(rounded) if rounded == int(rounded) else rounded


def _plain(value: Any) -> Any:
    """A detail value made safe: cleaned strings, exact numbers, string keys."""
    match value:
        case bool() | None:
            return value
        case str():
            return clean(value)
        case int():
            return int(value)
        case float():
            return number(value)
        case Mapping():
            return {clean(str(k)): _plain(v) for k, v in value.items()}
        case list() | tuple():
            return [_plain(v) for v in value]
        case _:
            return clean(str(value))


def _locus(locus: TextLocation) -> dict[str, Any]:
    at: dict[str, Any] = {"channel": CHANNELS[locus.channel]}
    if locus.message is not None:
        at["message"] = locus.message
    if locus.part:
        at["part"] = recorded(locus.part)
    if locus.choice is not None:
        at["choice"] = locus.choice
    return at


def _ruled(rulings: Sequence[Ruling]) -> list[dict[str, Any]]:
    """Most rulings of a text differ in their span alone, and have their place in common."""
    locus, at = None, dict[str, Any]()
    out = []
    for ruled in rulings:
        found = ruled.finding
        if found.locus is not locus:
            locus, at = found.locus, _locus(found.locus)
        if isinstance(found, Failed):
            made = {**_failed(ruled.rule_id, ruled.action, found.detector, found.reason), "at": at}
        else:
            what = found.detector, found.kind, found.level, found.score
            made = {**_found(ruled.rule_id, ruled.action, *what), "at": at}
            made["span"] = [found.span.start, found.span.end]
            if found.note:
                made["note"] = clean(found.note)
        if ruled.shadow:
            made["shadow"] = True
        if ruled.exception_id:
            made["exception"] = clean(ruled.exception_id)
        if ruled.opinion is not None:
            made["opinion"] = _opinion(ruled.opinion)
        out.append(made)
    return out


@lru_cache(maxsize=1024)
def _found(
    rule: str, action: Action, detector: str, kind: str, level: Level, score: float
) -> Mapping[str, Any]:
    return {
        "action": ACTIONS[action],
        "detector": clean(detector),
        "kind": clean(kind),
        "level": LEVELS[level],
        "rule": clean(rule),
        "score": number(score),
    }


@lru_cache(maxsize=256)
def _failed(rule: str, action: Action, detector: str, reason: Reason) -> Mapping[str, Any]:
    made = {"action": ACTIONS[action], "detector": clean(detector), "rule": clean(rule)}
    return {**made, "failed": reason.value}


def _opinion(opinion: Opinion) -> dict[str, Any]:
    out: dict[str, Any] = {"asked": clean(opinion.asked), "outcome": opinion.outcome}
    out["ms"] = number(opinion.ms)
    if opinion.score is not None:
        out["score"] = number(opinion.score)
    if opinion.level is not None:
        out["level"] = LEVELS[opinion.level]
    if opinion.cached:
        out["cached"] = True
    if (first := opinion.replaced) is not None:
        out["replaced"] = {"kind": clean(first.kind), "score": number(first.score)}
    return out


def _decisions(record: Record) -> list[dict[str, Any]]:
    """The verdict of each layer. `id` only if it differs from the previous layer's, `policy` only
    if it differs from the record's."""
    out, named = [], ""
    for decision in record.decisions:
        made = _decision(decision)
        if decision.id != named:
            made["id"] = named = clean(decision.id)
        if decision.policy != record.policy:
            made["policy"] = clean(decision.policy)
        out.append(made)
    return out


def _decision(decision: Decision) -> dict[str, Any]:
    verdict = decision.verdict
    out: dict[str, Any] = {
        "action": ACTIONS[verdict.action],
        "layer": LAYERS[decision.layer],
        "ms": {clean(k): number(v) for k, v in decision.timings_ms.items()},
        "ruled": _ruled(verdict.ruled[:MAX_RULED]),
    }
    if len(verdict.ruled) > MAX_RULED:
        out["dropped"] = len(verdict.ruled) - MAX_RULED
    return out


def event(
    record: Record, event_id: str, mono_us: int, content: list[dict[str, Any]], bind: str
) -> dict[str, Any]:
    """The `event` member; empty members are left out.

    `mono_us` is a monotonic clock that starts with the writer; `bind` commits to salt and subject.
    """
    members: dict[str, Any] = {
        "action": ACTIONS[record.action] if record.decisions else "",
        "bind": bind,
        "caller": _caller(record.caller),
        "content": content,
        "decisions": _decisions(record),
        "degraded": [clean(d) for d in record.degraded],
        "endpoint": clean(record.endpoint),
        "error": clean(record.error),
        "finish_reason": clean(record.finish_reason),
        "id": event_id,
        "intent": _intent(record.intent),
        "label": clean(record.label),
        "masked": [clean(m) for m in record.masked[:MAX_RULED]],
        "mono_us": mono_us,
        "model": _dense(requested=record.caller.model, served=record.model_served),
        "notes": [clean(rule) for rule in record.notes],
        "policy": _policy(record.policy, record.policy_revision),
        "request": clean(record.request_id) or event_id,
        "retention": STANDARD,
        "stage": record.stage.value,
        "stream": record.stream,
        "timings_ms": {clean(k): n for k, v in record.timings_ms.items() if (n := number(v))},
        "trace": _dense(span=record.span_id, trace=record.trace_id),
        "upstream_status": record.upstream_status,
        "usage": _usage(record.usage),
    }
    present = {name: value for name, value in members.items() if value}
    if record.detail:
        present["detail"] = _plain(record.detail)
    return present


def rulings(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Every ruling of a parsed event, over all layers."""
    return [ruled for decision in event.get("decisions", ()) for ruled in decision["ruled"]]


def _caller(caller: Caller) -> dict[str, str]:
    return _dense(
        conversation=caller.conversation,
        key=caller.key_id,
        language=recorded(caller.language),
        route=recorded(caller.route),
        tenant=caller.tenant,
    )


@lru_cache(maxsize=256)
def _policy(digest: str, revision: str) -> Mapping[str, str]:
    return _dense(digest=digest, revision=revision)


def _usage(usage: Usage) -> dict[str, int]:
    counts = {
        "cached": usage.cached,
        "input": usage.input,
        "output": usage.output,
        "reasoning": usage.reasoning,
    }
    return {name: count for name, count in counts.items() if count}


def _intent(intent: Intent | None) -> dict[str, Any]:
    if intent is None:
        return {}
    at = timestamp(intent.ts_us)
    return _dense(at=at, digest=intent.digest, key=intent.key, writer=intent.writer)


def _dense(**members: str) -> dict[str, str]:
    """Cleaned, without those that are empty."""
    return {name: clean(value) for name, value in members.items() if value}


def entry(
    event_json: bytes, *, prev: bytes, seq: int, ts_us: int, writer: str, spooled: bool = False
) -> bytes:
    """The bytes that are hashed: canonical `event_json` with its place in the writer's chain, still
    canonical.

    `spooled` marks an event that was kept in a file while the database was away and joined the
    chain later."""
    place = f',"prev":"{prev.hex()}","seq":{seq}' + (',"spooled":true' if spooled else "")
    stamp = f',"ts":"{timestamp(ts_us)}","v":{ENTRY_VERSION},"writer":"{writer}"}}'
    return b'{"event":' + event_json + place.encode() + stamp.encode()


def timestamp(ts_us: int) -> str:
    """RFC 3339 in UTC of microseconds since 1970."""
    seconds, rest = divmod(ts_us, 1_000_000)
    return f"{_second(seconds)}.{rest:06d}Z"


@lru_cache(maxsize=64)  # records of a second come together
def _second(seconds: int) -> str:
    return (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")


def microseconds(stamp: str) -> int:
    """The inverse of `timestamp`. Raises `ValueError`."""
    moment = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(microseconds=1)
