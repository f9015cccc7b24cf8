"""The official clients' own parsers, fed with bytes: do they accept what the codecs write?"""

from __future__ import annotations

from typing import Any

import anthropic
import httpx
import httpx2  # what the anthropic client is built on
import openai

STREAM = {"content-type": "text/event-stream"}
ASK: Any = [{"role": "user", "content": "hi"}]


def openai_client(raw: bytes) -> openai.OpenAI:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=STREAM, content=raw))
    http = httpx.Client(transport=transport)
    return openai.OpenAI(api_key="k", base_url="http://test/v1", http_client=http, max_retries=0)


def chat_chunks(raw: bytes) -> list[Any]:
    with openai_client(raw) as client:
        return list(client.chat.completions.create(model="m", messages=ASK, stream=True))


def completion_chunks(raw: bytes) -> list[Any]:
    with openai_client(raw) as client:
        return list(client.completions.create(model="m", prompt="hi", stream=True))


def final_response(raw: bytes) -> tuple[list[str], Any]:
    """Event types, and the response of the last event."""
    with openai_client(raw) as client:
        events = list(client.responses.create(model="m", input="hi", stream=True))
    return [event.type for event in events], getattr(events[-1], "response", None)


def accumulated_response(raw: bytes) -> Any:
    """What the client's helper adds up; it checks the order of events."""
    with openai_client(raw) as client, client.responses.stream(model="m", input="hi") as stream:
        return [event.type for event in stream]


def final_message(raw: bytes) -> Any:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, headers=STREAM, content=raw))
    http = httpx2.Client(transport=transport)
    with (
        anthropic.Anthropic(api_key="k", base_url="http://test", http_client=http) as client,
        client.messages.stream(model="m", max_tokens=9, messages=ASK) as stream,
    ):
        return stream.get_final_message()
