from __future__ import annotations

import json

from threegate.testing.responses import Responses
from threegate.testing.scripts import Prompt, Reply

from tests.wire.playbook import decode


def test_the_completed_event_holds_the_whole_answer() -> None:
    shape = Responses(Prompt(model="m"), Reply("a b", "c", (("f", {"x": 1}),)), {})
    frames = [json.loads(e.data or "") for e in decode([b"".join(shape.events())])]
    assert [f["sequence_number"] for f in frames] == list(range(len(frames)))
    assert frames[-1]["response"] == shape.body()
    assert [item["type"] for item in shape.body()["output"]] == [
        "reasoning",
        "message",
        "function_call",
    ]
