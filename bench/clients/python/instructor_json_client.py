"""instructor's JSON modes: by `response_format` with a schema and with `json_object`. In these
instructor does not look at `refusal` and asks `max_retries` more times, so there are none here."""

from __future__ import annotations

import instructor
import openai
from common import ASK, ASK_STRUCTURED, KEY, MODEL, OPENAI, blocks, run, shows
from pydantic import BaseModel

raw = openai.OpenAI(base_url=OPENAI, api_key="any")
MODES = (instructor.Mode.JSON_SCHEMA, instructor.Mode.JSON)
clients = [instructor.from_openai(raw, mode=mode) for mode in MODES]


class Answer(BaseModel):
    text: str


def asked(client: instructor.Instructor, text: str) -> Answer:
    messages = [{"role": "user", "content": text}]
    return client.chat.completions.create(
        model=MODEL, messages=messages, response_model=Answer, max_retries=0
    )


def plain() -> None:
    for client in clients:
        shows(asked(client, ASK).text)


def streamed() -> None:
    messages = [{"role": "user", "content": ASK}]
    for client in clients:
        parts = client.chat.completions.create_partial(
            model=MODEL, messages=messages, response_model=Answer
        )
        shows(list(parts)[-1].text)


def structured() -> None:
    for client in clients:
        shows(asked(client, ASK_STRUCTURED).text)


def refused() -> None:
    for client in clients:
        blocks(lambda client=client: asked(client, KEY))


run(plain=plain, streamed=streamed, structured=structured, refused=refused)
