"""Counting tokens, token ids and single models through the real proxy, with official clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from threegate.settings import UpstreamSettings
from threegate_classifiers.registry import SHIPPED as MODELS
from threegate_classifiers.registry import find

from tests.e2e.support.running import Running, proxy
from tests.gateway.request.test_token_ids import ids_of
from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve

ID = "11010519491231002X"
ASK: list[Any] = [{"role": "user", "content": f"My ID card is {ID}, thanks."}]
KEY = """Why does ssh refuse this key?
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz
-----END OPENSSH PRIVATE KEY-----
"""


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """In front of a model API whose tokenizer is known."""
    demo = ScriptedUpstream()
    path = str(find(MODELS, "guard").folder / "tokenizer.json")
    with serve(demo.app) as direct:
        upstream = UpstreamSettings(direct, tokenizer=path)
        root, packs = tmp_path_factory.mktemp("counting"), ("base", "secrets")
        with proxy(root, packs=packs, upstreams=(upstream,)) as made:
            made.demo = demo
            yield made


def claude(url: str) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=url, api_key="x", max_retries=0)


def test_tokens_are_counted_where_the_model_api_cannot(guarded: Running, counting: Running) -> None:
    for running, by in ((guarded, "estimate"), (counting, "tokenizer")):
        with claude(running.url) as client:
            counted = client.messages.count_tokens(model="deepseek-r1", messages=ASK)
        assert counted.input_tokens > 20  # the constitution is part of what the model reads
        assert counted.model_extra == {"threegate": {"counted_by": by}}


def test_the_model_apis_own_count_is_handed_on(tmp_path: Path) -> None:
    asked: list[str] = []

    async def count(request: Request) -> JSONResponse:
        asked.append((await request.body()).decode())
        return JSONResponse({"input_tokens": 7})

    api = Starlette(routes=[Route("/v1/messages/count_tokens", count, methods=["POST"])])
    with (
        serve(api) as url,
        proxy(tmp_path, upstreams=(UpstreamSettings(url),)) as running,
        claude(running.url) as client,
    ):
        assert client.messages.count_tokens(model="m", messages=ASK).input_tokens == 7
    assert len(asked) == 1
    assert ID not in asked[0]
    assert "ID_CARD" in asked[0]


def test_what_may_not_be_sent_is_not_counted(counting: Running) -> None:
    turn: Any = {"role": "user", "content": KEY}
    with claude(counting.url) as client, pytest.raises(anthropic.BadRequestError) as refused:
        client.messages.count_tokens(model="deepseek-r1", messages=[turn])
    assert refused.value.body["threegate"]["rule_id"] == "secrets.private_key"  # type: ignore[index]


def test_token_ids_are_decoded_and_checked(counting: Running) -> None:
    ids = ids_of(f"My ID card is {ID}")
    with openai.OpenAI(base_url=f"{counting.url}/v1", api_key="x", max_retries=0) as client:
        client.embeddings.create(model="demo-embed", input=[ids, ids])
    sent = counting.demo.received[-1].body["input"]
    assert all(isinstance(text, str) and "ID_CARD" in text for text in sent)


def test_without_a_tokenizer_the_error_says_what_to_set(guarded: Running) -> None:
    body = {"model": "demo-embed", "input": [1, 2, 3]}
    reply = httpx.post(f"{guarded.url}/v1/embeddings", json=body)
    assert reply.status_code == 400
    assert "tokenizer.json" in reply.json()["error"]["message"]


def test_a_stream_in_place_of_numbers_is_an_error_of_the_model_api(guarded: Running) -> None:
    guarded.demo.play([b'data: {"text": "hello"}\n\n'])
    reply = httpx.post(f"{guarded.url}/v1/embeddings", json={"model": "demo-embed", "input": "a"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "upstream_error")


def test_embeddings_as_base64(guarded: Running) -> None:
    """What the official client asks for unless it is told otherwise."""
    with openai.OpenAI(base_url=f"{guarded.url}/v1", api_key="x", max_retries=0) as client:
        made = client.embeddings.create(model="demo-embed", input=["hello", "world"])
        plain = client.embeddings.create(
            model="demo-embed", input=["hello", "world"], encoding_format="float"
        )
    sent = guarded.demo.received[-2].body
    assert sent["encoding_format"] == "base64"
    for one, other in zip(made.data, plain.data, strict=True):
        assert one.embedding == pytest.approx(other.embedding, abs=1e-6)


def test_one_model_by_name(guarded: Running) -> None:
    with openai.OpenAI(base_url=f"{guarded.url}/v1", api_key="x", max_retries=0) as client:
        assert client.models.retrieve("deepseek-r1").id == "deepseek-r1"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("none")
    with claude(guarded.url) as client:
        assert client.models.retrieve("deepseek-r1").display_name == "deepseek-r1"
        assert "deepseek-chat" in {m.id for m in client.models.list()}
        with pytest.raises(anthropic.NotFoundError):
            client.models.retrieve("none")
