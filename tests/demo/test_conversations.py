from __future__ import annotations

import orjson
import pytest
from threegate.demo.conversations import CONVERSATIONS, Conversation
from threegate.testing.prompts import from_chat
from threegate.testing.scripts import reply_to
from threegate.wire import json as strict_json
from threegate.wire.openai.chat import Chat

SCENES = (
    "harmful_answer",
    "ungrounded_zh",
    "ungrounded_en",
    "checked_zh",
    "checked_en",
    "leaked_key",
)


@pytest.mark.parametrize("conversation", CONVERSATIONS, ids=lambda c: c.name)
def test_each_is_a_request_that_the_proxy_reads(conversation: Conversation) -> None:
    body = strict_json.parse(orjson.dumps(conversation.body))
    assert Chat().request_slots(body)


@pytest.mark.parametrize("name", SCENES)
def test_the_demo_model_knows_its_scenes(name: str) -> None:
    body = next(c.body for c in CONVERSATIONS if c.name == name)
    reply = reply_to(from_chat(body))
    assert reply.answer
    assert body["messages"][-1]["content"] not in reply.answer


def test_names_are_unique_and_both_languages_take_part() -> None:
    assert len({c.name for c in CONVERSATIONS}) == len(CONVERSATIONS)
    texts = [str(c.body["messages"][0]["content"]) for c in CONVERSATIONS]
    chinese = sum(any("\u4e00" <= c <= "\u9fff" for c in text) for text in texts)
    assert 3 <= chinese <= len(texts) - 3
