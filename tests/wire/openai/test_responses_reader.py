"""Where the texts of a responses stream are read."""

from __future__ import annotations

import json

from threegate.wire.adapter import StreamOptions

from tests.wire.clients import final_response
from tests.wire.openai.test_responses_stream import RAW, RESPONSES
from tests.wire.playbook import Delay, decode, replay
from tests.wire.samples import event, payloads


def test_a_text_that_was_never_streamed_is_taken_where_it_first_comes() -> None:
    part = {"type": "output_text", "text": "whole", "annotations": [{"title": "a title"}]}
    item = {"id": "m", "type": "message", "content": [part]}
    done = {"type": "response.output_item.done", "output_index": 0, "item": item}
    last = {"type": "response.completed", "response": {"status": "completed", "output": [item]}}
    raw = event(done, "response.output_item.done") + event(last, "response.completed")
    machines = Delay(0, str.upper)
    made = payloads(replay(RESPONSES.stream({}), decode([raw]), machines))
    assert list(machines.seen.values()).count("whole") == 1
    assert made[0][1]["item"]["content"][0]["text"] == "WHOLE"
    assert made[1][1]["response"]["output"][0]["content"][0]["text"] == "WHOLE"
    assert made[0][1]["item"]["content"][0]["annotations"] == [{"title": "A TITLE"}]


def test_instructions_are_repeated_as_the_client_sent_them() -> None:
    response = {"status": "in_progress", "output": [], "instructions": "Secret rules.\n\nmine"}
    raw = event({"type": "response.created", "response": response}, "response.created")
    made = payloads(replay(RESPONSES.stream({"instructions": "mine"}), decode([raw])))
    assert made[0][1]["response"]["instructions"] == "mine"


def test_hidden_reasoning_is_empty_in_every_repetition() -> None:
    made = replay(RESPONSES.stream({}, StreamOptions(show_reasoning=False)), decode([RAW]))
    assert "let me" not in json.dumps(payloads(made))
    assert final_response(made)[1].output_text == "Hello there"


def test_reasoning_in_events_of_another_name_is_hidden_too() -> None:
    """As OpenRouter names them."""
    where = {"item_id": "r", "output_index": 0, "content_index": 0}
    raw = b"".join(
        event({"type": f"response.{name}", **where, field: "why"})
        for name in ("reasoning", "reasoning_summary")
        for name, field in ((f"{name}.delta", "delta"), (f"{name}.done", "text"))
    )
    made = replay(RESPONSES.stream({}, StreamOptions(show_reasoning=False)), decode([raw]))
    assert "why" not in json.dumps(payloads(made))
    assert "why" in json.dumps(payloads(replay(RESPONSES.stream({}), decode([raw]))))
