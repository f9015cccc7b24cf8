"""instructor: structured answers by tools (its default) and by JSON schema, with three tries."""

from __future__ import annotations

import instructor
import openai
from common import ASK, ASK_STRUCTURED, KEY, MODEL, OPENAI, blocks, run, shows
from pydantic import BaseModel

raw = openai.OpenAI(base_url=OPENAI, api_key="any")
by_tools = instructor.from_openai(raw)
by_json = instructor.from_openai(raw, mode=instructor.Mode.JSON_SCHEMA)


class Contact(BaseModel):
    name: str
    phone: str


class Answer(BaseModel):
    text: str


def asked(client: instructor.Instructor, text: str, shape: type[BaseModel] = Contact) -> BaseModel:
    messages = [{"role": "user", "content": text}]
    return client.chat.completions.create(
        model=MODEL, messages=messages, response_model=shape, max_retries=3
    )


def plain() -> None:
    shows(asked(by_json, ASK, Answer).text)


def streamed() -> None:
    messages = [{"role": "user", "content": ASK}]
    parts = by_tools.chat.completions.create_partial(
        model=MODEL, messages=messages, response_model=Answer
    )
    shows(list(parts)[-1].text)


def structured() -> None:
    shows(asked(by_tools, ASK_STRUCTURED).phone)
    shows(asked(by_json, ASK_STRUCTURED).phone)


def refused() -> None:
    """One call: the runner counts. In its JSON modes instructor does not look at `refusal` and asks
    `max_retries` times, as it does with OpenAI's own refusals."""
    blocks(lambda: asked(by_tools, KEY))


run(plain=plain, streamed=streamed, structured=structured, refused=refused)
