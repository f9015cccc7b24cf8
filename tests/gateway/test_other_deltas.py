"""Kinds of deltas that no adapter knows: a value in pieces over several events does not pass."""

from __future__ import annotations

import json
from typing import Any

import pytest
from threegate.audit.log.record import Stage
from threegate.types import Action
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api

from tests.gateway.shell import hear, policy, rule, suite

SECRET = "sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"
PIECES = ("The key is ", SECRET[:9], SECRET[9:20], SECRET[20:], " so far. ")
RULES = policy(rule("key", Action.REDACT, "secret"))


def _event(frame: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(frame).encode() + b"\n\n"


def responses() -> list[bytes]:
    kind, where = "response.output_audio_transcript", {"item_id": "i", "output_index": 0}
    item = {"id": "i", "type": "message", "role": "assistant", "content": []}
    out = [{"type": "response.output_item.added", "output_index": 0, "item": item}]
    out += [{"type": f"{kind}.delta", **where, "content_index": 0, "delta": p} for p in PIECES]
    out.append({"type": f"{kind}.done", **where, "content_index": 0, "transcript": "".join(PIECES)})
    out.append({"type": "response.completed", "response": {"status": "completed", "output": []}})
    return [_event(frame) for frame in out]


def messages() -> list[bytes]:
    out: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"role": "assistant", "content": []}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "novel"}},
    ]
    for piece in PIECES:
        delta = {"type": "novel_delta", "words": piece}
        out.append({"type": "content_block_delta", "index": 0, "delta": delta})
    cited = {"type": "citations_delta", "citation": {"cited_text": f"key: {SECRET}"}}
    out.append({"type": "content_block_delta", "index": 0, "delta": cited})
    out += [{"type": "content_block_stop", "index": 0}, {"type": "message_stop"}]
    return [_event(frame) for frame in out]


def _piece(payload: dict[str, Any]) -> str:
    delta = payload.get("delta") or ""
    return delta if isinstance(delta, str) else str(delta.get("words") or "")


@pytest.mark.parametrize("together", [1, 100])
@pytest.mark.parametrize(("api", "made"), [(Api.RESPONSES, responses), (Api.MESSAGES, messages)])
async def test_a_value_in_pieces_is_found(api: Api, made: Any, together: int) -> None:
    events = made()
    pieces = [b"".join(events[i : i + together]) for i in range(0, len(events), together)]
    adapter = next(a for a in ADAPTERS if a.api is api)
    heard = await hear(pieces, RULES, suite(), adapter=adapter)
    assert heard.stages == [Stage.COMPLETED]
    said = "".join(_piece(payload) for payload in heard.payloads())
    assert said == "The key is [API_KEY_REMOVED] so far. "
    assert SECRET not in heard.data.decode()
    assert SECRET[9:20] not in heard.data.decode()
