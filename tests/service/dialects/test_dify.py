"""Dify's requests, as its requestor sends them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from threegate.errors import AuditError, OverloadError, RequestError
from threegate.service.dialects.dify import Dify
from threegate.types import Bilingual

from tests.e2e.support.running import Running
from tests.service.records import last_events

KEY = "sk-proj-" + "a1B2c3D4" * 6


def ask(served: Running, point: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    reply = httpx.post(
        f"{served.url}/v1/guard/dify",
        json={"point": point, "params": params or {}},
        headers={"authorization": "Bearer any"},
    )
    assert reply.status_code == 200, reply.text
    made: dict[str, Any] = reply.json()
    return made


def test_the_ping_of_the_console(served: Running) -> None:
    assert ask(served, "ping") == {"result": "pong"}


def test_input_passes_is_overridden_or_stopped(served: Running) -> None:
    inputs = {"name": "Li", "phone": "13812345678", "n": 5, "empty": ""}
    made = ask(served, "app.moderation.input", {"app_id": "a", "inputs": inputs, "query": "Hi"})
    assert (made["flagged"], made["action"], made["query"]) == (True, "overridden", "Hi")
    assert made["inputs"] == inputs | {"phone": made["inputs"]["phone"]}
    assert made["inputs"]["phone"].startswith("[MOBILE_")
    stopped = ask(served, "app.moderation.input", {"inputs": {}, "query": "我不想活了"})
    assert (stopped["flagged"], stopped["action"]) == (True, "direct_output")
    assert stopped["preset_response"]
    assert [e["stage"] for e in last_events(served, "dify")[-2:]] == ["completed", "blocked"]
    for params in ({"inputs": {}, "query": "Hi"}, {"inputs": {}, "query": None}, {"query": ""}):
        assert not ask(served, "app.moderation.input", params)["flagged"]


def test_inputs_that_are_no_texts_are_read_too(served: Running) -> None:
    inputs = {"n": 13812345678, "list": ["x", {"key": KEY}], "on": True, "name": "Li", "none": None}
    made = ask(served, "app.moderation.input", {"inputs": inputs, "query": "Hi"})
    assert (made["flagged"], made["action"], made["query"]) == (True, "overridden", "Hi")
    assert made["inputs"]["n"].startswith("[MOBILE_")
    assert made["inputs"]["list"] == ["x", {"key": "[secret removed]"}]
    assert {n: made["inputs"][n] for n in ("on", "name", "none")} == {
        "on": True,
        "name": "Li",
        "none": None,
    }
    fine = {"n": 5, "list": ["x", {"a": 1.5}], "on": True}
    assert not ask(served, "app.moderation.input", {"inputs": fine, "query": "Hi"})["flagged"]
    stopped = ask(served, "app.moderation.input", {"inputs": {"a": ["我不想活了"]}, "query": "Hi"})
    assert stopped["action"] == "direct_output"


def test_output_passes_or_is_overridden(served: Running) -> None:
    made = ask(served, "app.moderation.output", {"app_id": "a", "text": f"The key is {KEY}."})
    assert made == {
        "flagged": True,
        "action": "overridden",
        "text": "The key is [secret removed].",
    }
    for text in ("Fine.", ""):
        assert not ask(served, "app.moderation.output", {"text": text})["flagged"]


BAD = b'{"point": "app.moderation.output", "params": {"text": "\\ud800"}}'


@pytest.mark.parametrize(
    "data",
    [
        b'{"point": "app.other"}',
        b'{"params": {}}',
        b'{"point": "ping", "params": []}',
        b'{"point": "app.moderation.output", "params": {"text": 5}}',
        BAD,
        b"",
    ],
)
def test_what_cannot_be_read_is_a_block_since_dify_lets_errors_pass(
    served: Running, data: bytes
) -> None:
    reply = httpx.post(f"{served.url}/v1/guard/dify", content=data)
    assert reply.status_code == 200
    made = reply.json()
    assert (made["flagged"], made["action"]) == (True, "direct_output")
    assert made["error"]["code"]
    assert "result" not in made  # a ping has failed


def test_what_could_not_be_checked_is_a_block_too() -> None:
    dialect, words = Dify(), Bilingual("无", "none")
    late, key = RequestError(words, status=429), RequestError(words, status=401)
    for error in (OverloadError(), AuditError(words), late, key):
        assert dialect.status(error) == 200
        assert dialect.error(error, "zh")["flagged"]
