"""Events leave in order, with what belongs to their texts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from threegate.audit.log.record import Stage
from threegate.detectors.base import DetectorInfo, Scanned
from threegate.detectors.detector_set import DetectorSet
from threegate.guard.masking.mask import MaskMap
from threegate.testing import shapes
from threegate.testing.responses import Responses
from threegate.testing.scripts import Prompt, Reply
from threegate.types import Action, Passage
from threegate.wire import ADAPTERS
from threegate.wire.adapter import Api

from tests.gateway.shell import COUNTED, STOP, hear, policy, rule, suite

MASKS = MaskMap(b"k" * 32)
PLACEHOLDER = MASKS.mask("pii.email", 'a"b@corp.cn')
PATTERNS = policy(rule("mobile", Action.REDACT, "pii.cn.mobile"))


@dataclass
class Late:
    """Patterns that find nothing and call the last characters unsettled."""

    held: int
    info: DetectorInfo = COUNTED

    def scan(self, passage: Passage, *, final: bool = True) -> Scanned:
        end = len(passage.text) + passage.offset
        return Scanned((), end if final else max(passage.offset, end - self.held))


@pytest.mark.parametrize(("held", "told"), [(0, [True] * 4), (3, [False] * 4)])
async def test_log_probabilities_of_a_held_text_do_not_leave(held: int, told: list[bool]) -> None:
    """While one piece is held the one before it leaves, which reads the same."""
    late = DetectorSet(lambda kinds: (Late(held),), (), {"counted": ("secret.x",)})
    tokens = {"content": [{"token": "go ", "logprob": -0.1, "top_logprobs": []}]}
    choice = {"index": 0, "delta": {"content": "go "}, "logprobs": tokens, "finish_reason": None}
    piece = b"data: " + json.dumps({"id": "c", "choices": [choice]}).encode() + b"\n\n"
    rules = policy(rule("secret", Action.REDACT, "secret.x"))
    heard = await hear([piece] * 4 + [STOP], rules, late)
    assert heard.text() == "go go go go "
    spoken = [c for p in heard.payloads() for c in p["choices"] if c["delta"].get("content")]
    assert [bool(c.get("logprobs")) for c in spoken] == told


ARGUMENTS = {"text": f"Look it up: {PLACEHOLDER}, and more."}


SHAPES: dict[Api, Any] = {
    Api.CHAT: shapes.Chat,
    Api.RESPONSES: Responses,
    Api.MESSAGES: shapes.Messages,
}


PIECE = {Api.CHAT: "arguments", Api.RESPONSES: "delta", Api.MESSAGES: "partial_json"}


@pytest.mark.parametrize("together", [1, 2, 3, 1000])
@pytest.mark.parametrize("api", SHAPES)
async def test_arguments_come_after_the_name_however_many_events_come_at_once(
    api: Api, together: int
) -> None:
    reply = Reply(calls=(("lookup", ARGUMENTS),))
    events = list(SHAPES[api](Prompt(), reply, {}).events())
    pieces = [b"".join(events[i : i + together]) for i in range(0, len(events), together)]
    adapter = next(a for a in ADAPTERS if a.api is api)
    heard = await hear(pieces, PATTERNS, suite(), MASKS, adapter=adapter)
    assert heard.stages == [Stage.COMPLETED]
    said = [(n, t) for n, t in _texts(heard.payloads()) if n in ("name", PIECE[api])]
    assert said[0] == ("name", "lookup")
    whole = "".join(text for name, text in said if name == PIECE[api])
    assert json.loads(whole) == {"text": ARGUMENTS["text"].replace(PLACEHOLDER, 'a"b@corp.cn')}


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    """All fields with a text, in order, as a client meets them."""
    below = enumerate(value) if isinstance(value, list) else value.items()
    for name, inner in below:
        if isinstance(inner, str) and inner:
            yield str(name), inner
        elif isinstance(inner, dict | list):
            yield from _texts(inner)
