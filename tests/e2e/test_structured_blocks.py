"""Clients that parse an answer read a block as a refusal, in one call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.e2e.support.running import Running, proxy

KEY = """Why does ssh refuse this key?
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtz
-----END OPENSSH PRIVATE KEY-----
"""
ASKED: list[Any] = [{"role": "user", "content": KEY}]
MESSAGE = "The request contains a private key"


class Contact(BaseModel):
    name: str
    phone: str


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with proxy(tmp_path_factory.mktemp("strict"), packs=("base", "secrets")) as made:
        yield made


@pytest.fixture
def client(strict: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{strict.url}/v1", api_key="x") as made:
        before = len(strict.demo.received)
        yield made
        assert len(strict.demo.received) == before  # the model was never asked


def test_chat_completions(client: openai.OpenAI) -> None:
    made = client.chat.completions.parse(model="m", messages=ASKED, response_format=Contact)
    (choice,) = made.choices
    assert choice.message.parsed is None
    assert MESSAGE in (choice.message.refusal or "")
    assert choice.finish_reason == "stop"


def test_a_stream_of_chat_completions(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(
        model="m", messages=ASKED, response_format=Contact
    ) as stream:
        kinds = [event.type for event in stream]
        message = stream.get_final_completion().choices[0].message
    assert "refusal.delta" in kinds
    assert message.parsed is None
    assert MESSAGE in (message.refusal or "")


def test_responses(client: openai.OpenAI) -> None:
    made = client.responses.parse(model="m", input=KEY, text_format=Contact)
    assert made.output_parsed is None
    assert MESSAGE in made.output[0].content[0].refusal  # type: ignore[union-attr]


def test_text_stays_text_for_everybody_else(client: openai.OpenAI) -> None:
    (choice,) = client.chat.completions.create(model="m", messages=ASKED).choices
    assert MESSAGE in (choice.message.content or "")
    assert choice.message.refusal is None
    assert choice.finish_reason == "content_filter"
