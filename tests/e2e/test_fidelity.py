"""What clients of DeepSeek, vLLM and SGLang rely on goes through the guard unharmed, and guarded.

One table, API x item, without an empty cell: the first items are bytes of an engine (`fidelity`),
the last are about the call itself and stand here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from itertools import pairwise
from threading import Event
from typing import Any
from uuid import UUID

import httpx
import pytest
from threegate.settings import UpstreamSettings

from tests.e2e.operation.test_faults import stages
from tests.e2e.support import fidelity_choices as choices
from tests.e2e.support import fidelity_events as events
from tests.e2e.support.fidelity import PATHS, REMOVED, SAID, SECRET, Cell, Json, pieces, request
from tests.e2e.support.running import ROOT, Running, proxy
from tests.scripted_upstream import ScriptedUpstream
from tests.security.raw import request as raw_request
from tests.security.raw import sized, waiting
from tests.serving import serve
from tests.waiting import eventually
from tests.wire.playbook import decode
from tests.wire.samples import DONE, chat, choice, payloads, seen

TABLE = {
    "chat": choices.CHAT,
    "completions": choices.COMPLETIONS,
    "responses": events.RESPONSES,
    "messages": events.MESSAGES,
}
ITEMS = tuple(choices.CHAT)
CELLS = [
    pytest.param(api, cell, id=f"{api}-{item}")
    for api, row in TABLE.items()
    for item, cell in row.items()
    if isinstance(cell, Cell)
]
cells = pytest.mark.parametrize(("api", "cell"), CELLS)
apis = pytest.mark.parametrize("api", PATHS)
modes = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


def test_no_cell_is_empty() -> None:
    assert set(TABLE) == set(PATHS)
    assert all(tuple(row) == ITEMS for row in TABLE.values())


@pytest.mark.parametrize("page", ["streams.md", "streams.zh-CN.md"])
def test_the_page_shows_this_table(page: str) -> None:
    lines = (ROOT / "docs" / page).read_text("utf-8").rpartition("| chat |")[2].splitlines()[2:]
    shown = [[cell.strip()[0] for cell in line.split("|")[2:6]] for line in lines[: len(ITEMS)]]
    marks = [["✓" if isinstance(TABLE[api][i], Cell) else "–" for api in PATHS] for i in ITEMS]
    assert shown == marks


@pytest.fixture(scope="module")
def opened_think(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """An engine without a reasoning parser whose template ends in `<think>`."""
    demo = ScriptedUpstream()
    with serve(demo.app) as url:
        one = UpstreamSettings(url, starts_in_reasoning=True)
        with proxy(tmp_path_factory.mktemp("raw"), upstreams=(one,)) as running:
            running.demo = demo
            yield running


def post(running: Running, api: str, **asked: Any) -> httpx.Response:
    headers = asked.pop("headers", {})
    url = running.url + PATHS[api]
    return httpx.post(url, json=request(api, **asked), headers=headers, timeout=120)


def streamed(running: Running, api: str, raw: bytes, **how: Any) -> bytes:
    running.demo.play([raw], **how)
    reply = post(running, api, stream=True)
    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/event-stream")
    return reply.content


def whole(running: Running, api: str, body: Json) -> Json:
    """The model API sends blank lines while it thinks."""
    sent = [b"\n\n", b"\n", json.dumps(body).encode()]
    running.demo.play(sent, media_type="application/json")
    made: Json = post(running, api).json()
    return made


@cells
def test_with_the_policy_off_all_is_as_it_was(unguarded: Running, api: str, cell: Cell) -> None:
    for raw in cell.streams:
        assert payloads(streamed(unguarded, api, raw)) == payloads(raw)
    for body in cell.wholes:
        assert whole(unguarded, api, body) == body


@cells
def test_with_the_policy_on_the_secret_is_gone_and_nothing_else(
    guarded: Running, opened_think: Running, api: str, cell: Cell
) -> None:
    running = opened_think if cell.starts else guarded
    for raw in cell.streams:
        got = streamed(running, api, raw)
        assert SECRET.encode() not in got
        assert seen(api, got) == {key: clean(text) for key, text in seen(api, raw).items()}
        assert facts(api, got) == facts(api, raw)
        assert comments(got) >= comments(raw)
    for body in cell.wholes:
        assert marked(whole(running, api, body)) == json.loads(clean(json.dumps(body)))


def clean(text: str) -> str:
    return text.replace(SECRET, REMOVED)


def marked(body: Json) -> Json:
    """Without what the guard adds."""
    return {name: value for name, value in body.items() if name != "threegate"}


def comments(raw: bytes) -> int:
    return sum(e.comment is not None for e in decode([raw]))


PIECES = {  # where a stream's text comes in pieces, which may be joined
    "chat": {"content", "refusal", "reasoning", "reasoning_content", "arguments"},
    "completions": {"text"},
    "responses": {"delta"},
    "messages": {"text", "thinking", "partial_json"},
}


def facts(api: str, raw: bytes) -> set[tuple[str, str]]:
    """Everything else that a stream says, of whatever event: (path, value)."""
    frames = [one for one in payloads(raw) if isinstance(one, tuple)]
    if api == "responses":
        numbers = [frame["sequence_number"] for _, frame in frames]
        assert all(a < b for a, b in pairwise(numbers))
    out: set[tuple[str, str]] = set()
    for name, frame in frames:
        kept = {k: v for k, v in frame.items() if k not in ("sequence_number", "threegate")}
        out |= set(_leaves(kept, name, PIECES[api]))
    return out


def _leaves(value: Any, path: str, pieces: set[str]) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, below in value.items():
            in_pieces = name in pieces and not path.endswith((".done", ".completed"))
            if not (in_pieces and isinstance(below, str)):
                yield from _leaves(below, f"{path}/{name}", pieces)
    elif isinstance(value, list):
        for below in value:
            yield from _leaves(below, path, pieces)
    elif value not in (None, ""):
        yield path, clean(str(value))


def test_reasoning_and_answer_in_turns_are_guarded_as_wholes(guarded: Running) -> None:
    """Event by event: the second piece of reasoning goes on to the end."""
    turns = [chat(choice(**{name: p})) for p in pieces(SAID) for name in ("reasoning", "content")]
    raw = b"".join((*turns, chat(choice(finish="stop")), DONE))
    wanted = {key: clean(text) for key, text in seen("chat", raw).items()}
    assert seen("chat", streamed(guarded, "chat", raw)) == wanted


def test_log_probabilities_go_with_a_changed_text(guarded: Running) -> None:
    said = pieces(SAID)
    tokens = [{"token": p, "logprob": -0.1, "bytes": [], "top_logprobs": []} for p in said]
    old = {"tokens": said, "token_logprobs": [-0.1] * len(said)}
    bodies = {
        "chat": choices.logged(choices.answer(), {"content": tokens}),
        "completions": choices.completion(choices.text(SAID, "stop", logprobs=old)),
        "responses": events.response(events.message(logprobs=tokens)),
    }
    one_by_one = [
        chat({**choice(content=piece), "logprobs": {"content": [token]}})
        for piece, token in zip(said, tokens, strict=True)
    ]
    raws = {
        "chat": choices.streamed(one_by_one),
        "completions": b"".join(
            choices.texts(choices.text(p, logprobs={"tokens": [p]})) for p in said
        )
        + choices.typed(""),
        "responses": events.responses(bodies["responses"]),
    }
    secret = {piece for piece in said if len(piece) == 5 and piece in SECRET}
    for api, raw in raws.items():
        got = [p[1] for p in payloads(streamed(guarded, api, raw)) if isinstance(p, tuple)]
        assert not secret & set(strings(got))
        assert not secret & set(strings(whole(guarded, api, bodies[api])))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for below in value.values() if isinstance(value, dict) else value:
            yield from strings(below)


@apis
def test_own_keep_alives_while_a_text_is_held(
    guarded: Running, monkeypatch: pytest.MonkeyPatch, api: str
) -> None:
    """An open word is held until it ends; the client's line is kept alive meanwhile."""
    monkeypatch.setattr("threegate.gateway.answer.stream_relay.KEEP_ALIVE_S", 0.05)
    raw = TABLE[api]["usage"].streams[0]  # type: ignore[union-attr]
    at = raw.find(b"4f9a1")
    got, kept_alive = b"", Event()
    guarded.demo.play([raw[:at], raw[at:]], go_on=kept_alive)
    asked = request(api, stream=True)
    with httpx.stream("POST", guarded.url + PATHS[api], json=asked) as reply:
        for piece in reply.iter_raw():
            got += piece
            if b": keep-alive" in got:
                kept_alive.set()
    assert b": keep-alive" in got[: got.find(REMOVED.encode())]
    assert seen(api, got) == {key: clean(t) for key, t in seen(api, raw).items()}


@apis
def test_headers_of_the_model_api_are_kept_or_hidden(guarded: Running, api: str) -> None:
    names = {"x-request-id": "up-1", "retry-after": "7", "x-ratelimit-remaining-tokens": "5"}
    names |= {"retry-after-ms": "300", "x-should-retry": "false", "x-ds-trace-id": "0c1f"}
    hidden = {"server": "vllm", "x-internal-host": "10.0.0.7", "set-cookie": "a=b", "via": "x"}
    guarded.demo.play(
        [b'{"error":{"message":"slow down"}}'],
        status=429,
        media_type="application/json",
        headers=tuple({**names, **hidden}.items()),
    )
    reply = post(guarded, api)
    assert reply.status_code == 429
    assert {n: reply.headers[n] for n in names} == names
    assert not set(reply.headers) & set(hidden)


@apis
@modes
def test_request_ids(guarded: Running, api: str, stream: bool) -> None:
    reply = post(guarded, api, stream=stream, headers={"x-request-id": "client-made"})
    ours = reply.headers["x-threegate-request-id"]
    assert ours.startswith("tg_")
    assert sent_id(guarded) == ours
    assert reply.headers["x-threegate-policy"].startswith("base@")


def sent_id(running: Running) -> str:
    """Our id, as a UUID: an engine may refuse another."""
    return f"tg_{UUID(running.demo.received[-1].headers['x-request-id']).hex}"


GONE = {  # what the model API does when the client leaves
    "in a stream": {"go_on": Event()},
    "before a stream": {"hang": True},
    "before an answer": {"hang": True},
}


@apis
@pytest.mark.parametrize("when", GONE)
def test_a_client_that_leaves_cancels_the_call_of_the_model(
    guarded: Running, api: str, when: str
) -> None:
    raw = TABLE[api]["usage"].streams[0]  # type: ignore[union-attr]
    guarded.demo.play([raw[:900], raw[900:]], **GONE[when])
    before, last = guarded.demo.aborted, list(guarded.demo.received)[-1:]
    body = json.dumps(request(api, stream=when != "before an answer")).encode()
    with waiting(guarded, raw_request(body, target=PATHS[api], headers=sized(body))) as line:
        assert eventually(lambda: list(guarded.demo.received)[-1:] != last)
        if when == "in a stream":
            assert line.recv(1)
    left = time.monotonic()
    assert eventually(lambda: guarded.demo.aborted > before)
    print(f"\n{api}, {when}: cancelled {time.monotonic() - left:.3f} s after the client left")
    request_id = sent_id(guarded)
    assert eventually(lambda: stages(guarded, request_id)[-1:] == ["aborted"])
