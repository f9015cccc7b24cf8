"""Plays one conversation through a proxy and looks at both sides of it.

What the model saw comes from the demo upstream's own record; its answer is obtained by sending the
same again, because the demo model always gives the same answer; which rules acted is in the audit
record. Without access to the upstream or the audit log that part stays unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from threegate.audit.log.query import event_of
from threegate.demo.conversations import Conversation
from threegate.trust import trusted
from threegate.wire.sse import ServerSentEvent, SSEDecoder, is_event_stream

PATH = "/v1/chat/completions"
REQUEST_ID = "x-threegate-request-id"
TIMEOUT_S = 60.0

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DemoAnswer:
    """An answer, whole or put together from a stream. `note` is its `threegate` field."""

    status: int = 200
    reasoning: str = field(default="", repr=False)
    content: str = field(default="", repr=False)
    calls: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    note: Json = field(default_factory=dict)
    error: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Acted:
    """One ruling of the audit record."""

    layer: str
    rule: str
    action: str
    kind: str
    shadow: bool


@dataclass(frozen=True, slots=True)
class Played:
    """None: it cannot be known from here. `seen` empty: the model was never called."""

    conversation: Conversation
    request_id: str
    got: DemoAnswer
    seen: Json | None = None
    model_answer: DemoAnswer | None = None
    acted: tuple[Acted, ...] | None = None


@dataclass(frozen=True, slots=True)
class DemoStage:
    """Where the demo plays. `upstream` and `database` may be empty."""

    url: str
    upstream: str = ""
    database: str = ""
    key: str = field(default="", repr=False)


async def play(stage: DemoStage, conversation: Conversation) -> Played:
    """Raises httpx.HTTPError if the proxy or upstream cannot be reached."""
    headers = {"authorization": f"Bearer {stage.key}"} if stage.key else {}
    async with httpx.AsyncClient(timeout=TIMEOUT_S, verify=trusted(), trust_env=False) as client:
        before = await _received(client, stage)
        reply = await client.post(stage.url + PATH, json=conversation.body, headers=headers)
        after = await _received(client, stage)
        request_id = reply.headers.get(REQUEST_ID, "")
        seen = model_answer = None
        if after is not None:
            fresh = after[-1:] != (before or [])[-1:]
            seen = after[-1]["body"] if fresh else {}
            model_answer = await _again(client, stage, seen) if seen else None
        acted = await asyncio.to_thread(_acted, stage, request_id)
    return Played(conversation, request_id, read_answer(reply), seen, model_answer, acted)


async def _received(client: httpx.AsyncClient, stage: DemoStage) -> list[Json] | None:
    if not stage.upstream:
        return None
    reply = await client.get(stage.upstream + "/demo/received")
    reply.raise_for_status()
    return list(reply.json())


async def _again(client: httpx.AsyncClient, stage: DemoStage, body: Json) -> DemoAnswer:
    return read_answer(await client.post(stage.upstream + PATH, json=body))


def _acted(stage: DemoStage, request_id: str) -> tuple[Acted, ...] | None:
    event = event_of(stage.database, request_id) if stage.database and request_id else None
    if event is None:
        return None
    rulings = (
        Acted(
            d["layer"],
            r["rule"],
            r["action"],
            r.get("kind") or f"failed: {r['failed']}",
            bool(r.get("shadow")),
        )
        for d in event.get("decisions", ())
        for r in d["ruled"]
    )
    return tuple(dict.fromkeys(rulings))


def read_answer(reply: httpx.Response) -> DemoAnswer:
    """A chat completion, an event stream of one, or an error."""
    if is_event_stream(reply.headers):
        return _joined(reply.status_code, reply.content)
    try:
        body = reply.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return DemoAnswer(reply.status_code, error="not a JSON object")
    if "choices" not in body:
        error, note = body.get("error"), body.get("threegate") or {}
        message = error.get("message", "") if isinstance(error, dict) else error or ""
        return DemoAnswer(reply.status_code, error=str(message), note=note)
    return _answer_of(
        reply.status_code, [c.get("message") or {} for c in body["choices"]][:1], [body]
    )


def _joined(status: int, data: bytes) -> DemoAnswer:
    decoder = SSEDecoder()
    events = [*decoder.feed(data), *decoder.close()]
    texts = [e.data or "" for e in events if isinstance(e, ServerSentEvent)]
    frames = [orjson.loads(t) for t in texts if t.startswith("{")]
    deltas = [
        c.get("delta") or {} for f in frames for c in f.get("choices", ()) if not c.get("index")
    ]
    failed: Json = next((f["error"] for f in frames if "error" in f), {})
    return _answer_of(status, deltas, frames, str(failed.get("message", "")))


def _answer_of(status: int, parts: list[Json], bodies: list[Json], error: str = "") -> DemoAnswer:
    note: Json = {}
    claims: list[Json] = []
    for body in bodies:
        found = body.get("threegate") or {}
        note |= found
        claims += found.get("claims", ())
    if claims:
        note["claims"] = claims
    reasoning = "".join(p.get("reasoning_content") or p.get("reasoning") or "" for p in parts)
    content = "".join(p.get("content") or "" for p in parts)
    return DemoAnswer(status, reasoning, content, _calls(parts), note, error)


def _calls(parts: Iterable[Json]) -> tuple[tuple[str, str], ...]:
    """(name, arguments) of every tool call; in a stream the arguments arrive in pieces."""
    names: dict[int, str] = {}
    arguments: dict[int, str] = {}
    for part in parts:
        for at, call in enumerate(part.get("tool_calls") or ()):
            index, function = call.get("index", at), call.get("function") or {}
            names[index] = names.get(index, "") + (function.get("name") or "")
            arguments[index] = arguments.get(index, "") + (function.get("arguments") or "")
    return tuple((names[i], arguments[i]) for i in sorted(names))
