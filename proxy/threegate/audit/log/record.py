"""What is logged, and its exact bytes.

A `Record` says what happened; an *entry* is one line of canonical JSON (RFC 8785) that a writer
makes of it:

    {"event":{...},"prev":"<leaf hash of the entry
    before>","seq":0,"ts":"2026-11-25T01:02:03.000004Z","v":1,"writer":"..."}

Entries hold metadata and salted hashes only. Texts of a conversation, and what would link an entry
to a person (`subject`, the salt), is stored outside the log and can be erased; the entry stays and
its proofs stay valid.

Invariants: an entry has no line break, no control or bidirectional-format character; numbers are
exact in IEEE 754 (RFC 8785 needs that); matched text never appears, only kinds, spans and rule ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

import orjson

from threegate.types import (
    Action,
    Caller,
    Channel,
    Decision,
    Failed,
    Layer,
    Level,
    Opinion,
    Ruling,
    TextLocation,
    frozen,
)

ENTRY_VERSION = 1
MAX_FIELD_CHARS = 256  # ids, model names, codes: longer ones are an attack or a mistake
MAX_RULED = 200  # per decision; a text with more hits is cut here and says so (`dropped`)
STANDARD = "standard"  # the retention class that the format has a place for; there is no other
NOBODY = Caller(tenant="", key_id="", language="")  # of records that no caller caused
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_US = 86_400 * 1_000_000
ACTIONS = {action: action.name.lower() for action in Action}
CHANNELS = {channel: channel.value for channel in Channel}
LAYERS = {layer: layer.value for layer in Layer}
ACTION_OF = {name: int(action) for action, name in ACTIONS.items()}
LEVELS = {level: level.name.lower() for level in Level}


class Stage(StrEnum):
    """What a record is about. `received` comes from versions that wrote two records a call; today
    an `Intent` is durable before the model is called, and one record says how the call ended."""

    RECEIVED = "received"
    COMPLETED = "completed"
    BLOCKED = "blocked"
    ABORTED = "aborted"
    INTERRUPTED = "interrupted"  # its process died between the intent and the record
    POLICY = "policy"  # a policy was activated, rolled back, approved
    ACCESS = "access"  # somebody searched, opened, revealed, exported, labelled
    WRITER = "writer"  # a writer opened (naming the heads of others) or closed
    ERASED = "erased"  # a tombstone: what was deleted, by whom, why


ENDS = (Stage.COMPLETED, Stage.BLOCKED, Stage.ABORTED, Stage.INTERRUPTED)  # one a call
OF_CALLS = (Stage.RECEIVED, *ENDS)


class ContentLevel(StrEnum):
    """How much of a text is kept: nothing, a salted hash, the redacted text, or the original as
    well."""

    NONE = "none"
    METADATA = "metadata"
    REDACTED = "redacted"
    FULL = "full"


@frozen
class Part:
    """One text of a conversation. `name` says where: `messages/0/user`, `choices/0/reasoning`."""

    name: str
    text: str = field(repr=False)
    redacted: str | None = field(default=None, repr=False)  # None: the text holds nothing to redact


@frozen
class Content:
    """The texts of one record, kept at `level` (None: the log's default)."""

    parts: tuple[Part, ...]
    level: ContentLevel | None = None


@frozen
class Usage:
    """Tokens as the upstream reported them."""

    input: int = 0
    output: int = 0
    reasoning: int = 0
    cached: int = 0


NO_USAGE = Usage()


@frozen
class Intent:
    """That a call was about to reach the model. It is durable before the call does, outside the
    chain; the call's record repeats it inside.

    `digest` is a salted hash of the request's bytes and `key` the id of its salt's data key, both
    empty where nothing is hashed. `writer` is set where another writer found it after a crash."""

    ts_us: int
    digest: str = ""
    key: str = ""
    nonce: bytes = field(default=b"", repr=False)
    writer: str = ""


@dataclass(slots=True, kw_only=True)  # not frozen: freezing so many members takes its time
class Record:
    """One thing that happened. Texts are codes and ids, never text of a conversation.

    `detail` holds the facts of policy and access records (actor, verb, object, reason …). `subject`
    is the end user's id: it is stored as a keyed pseudonym outside the log, so that a subject can
    be found and erased."""

    stage: Stage
    request_id: str = ""
    caller: Caller = NOBODY
    subject: str = field(default="", repr=False)
    trace_id: str = ""
    span_id: str = ""
    app: str = ""
    endpoint: str = ""
    stream: bool = False
    model_served: str = ""
    policy: str = ""
    policy_revision: str = ""
    intent: Intent | None = None
    decisions: tuple[Decision, ...] = ()
    usage: Usage = NO_USAGE
    finish_reason: str = ""
    upstream_status: int = 0
    error: str = ""
    degraded: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    label: str = ""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def action(self) -> Action:
        return max((d.verdict.action for d in self.decisions), default=Action.ALLOW)


@lru_cache(maxsize=4096)  # ids of rules, kinds, detectors and policies come again and again
def clean(text: str, limit: int = MAX_FIELD_CHARS) -> str:
    """`text` fit for one line of a log: bounded, and what could break or disguise the line becomes
    U+FFFD."""
    if text.isprintable() and len(text) <= limit:
        return text
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:limit])


def canonical(value: Any) -> bytes:
    """RFC 8785 for values with ASCII member names and numbers of `number` (see there)."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def number(value: float) -> int | float:
    """At most four decimals and no integral floats: there, orjson writes what ECMAScript (RFC 8785)
    would."""
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
        at["part"] = clean(locus.part)
    if locus.choice is not None:
        at["choice"] = locus.choice
    return at


_score = lru_cache(maxsize=256)(number)  # detectors have few


def _ruled(ruled: Ruling) -> dict[str, Any]:
    found = ruled.finding
    out: dict[str, Any] = {
        "action": ACTIONS[ruled.action],
        "at": _locus(found.locus),
        "detector": clean(found.detector),
        "rule": clean(ruled.rule_id),
    }
    if isinstance(found, Failed):
        out["failed"] = found.reason.value
    else:
        out["kind"], out["level"] = clean(found.kind), LEVELS[found.level]
        out["score"], out["span"] = _score(found.score), [found.span.start, found.span.end]
        if found.note:
            out["note"] = clean(found.note)
    if ruled.shadow:
        out["shadow"] = True
    if ruled.exception_id:
        out["exception"] = clean(ruled.exception_id)
    if ruled.opinion is not None:
        out["opinion"] = _opinion(ruled.opinion)
    return out


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
        out["replaced"] = {"kind": clean(first.kind), "score": _score(first.score)}
    return out


def _decisions(record: Record) -> list[dict[str, Any]]:
    """Each layer's. `id` only where it is not that of the layer before, `policy` only where it is
    not the record's."""
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
        "ruled": [_ruled(r) for r in verdict.ruled[:MAX_RULED]],
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
    caller, usage = record.caller, record.usage
    members: dict[str, Any] = {
        "action": ACTIONS[record.action] if record.decisions else "",
        "app": clean(record.app),
        "bind": bind,
        "caller": _dense(
            conversation=clean(caller.conversation),
            key=clean(caller.key_id),
            language=clean(caller.language),
            route=clean(caller.route),
            tenant=clean(caller.tenant),
        ),
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
        "model": _dense(requested=clean(caller.model), served=clean(record.model_served)),
        "policy": _dense(digest=clean(record.policy), revision=clean(record.policy_revision)),
        "request": clean(record.request_id) or event_id,
        "retention": STANDARD,
        "stage": record.stage.value,
        "stream": record.stream,
        "timings_ms": {clean(k): n for k, v in record.timings_ms.items() if (n := number(v))},
        "trace": _dense(span=clean(record.span_id), trace=clean(record.trace_id)),
        "upstream_status": record.upstream_status,
        "usage": _dense(
            cached=usage.cached,
            input=usage.input,
            output=usage.output,
            reasoning=usage.reasoning,
        ),
    }
    present = {name: value for name, value in members.items() if value}
    if record.detail:
        present["detail"] = _plain(record.detail)
    return present


def _intent(intent: Intent | None) -> dict[str, Any]:
    if intent is None:
        return {}
    at = timestamp(intent.ts_us)
    return _dense(at=at, digest=intent.digest, key=intent.key, writer=intent.writer)


def _dense(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value}


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
