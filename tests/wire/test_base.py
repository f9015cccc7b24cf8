from __future__ import annotations

import pytest
from threegate.errors import RequestError
from threegate.types import Bilingual
from threegate.wire.adapter import Outcome, OutcomeKind, Placement
from threegate.wire.base import Adapter, objects, refusal, refuse_tokens


def test_the_defaults_change_nothing() -> None:
    base, body = Adapter(), {"a": 1}
    assert base.response_slots(body) == ()
    assert base.place_system(body, "x", Placement.SYSTEM) is body
    assert base.drop_reasoning_history(body) is body
    assert base.hide_reasoning(body) is body
    assert base.restore_echo(body, {}) is body
    assert base.tool_calls(body) == ()


def test_a_block_as_an_error_has_the_status_of_the_policy() -> None:
    outcome = Outcome(OutcomeKind.BLOCK, "d", "r", Bilingual("不行", "No"), http_status=451)
    error = refusal(outcome)
    assert (error.status, error.code, str(error)) == (451, "content_filter", "不行\nNo")


def test_objects_of_anything() -> None:
    assert objects([{"a": 1}, 2, {}]) == [(0, {"a": 1}), (2, {})]
    assert objects(None) == objects("ab") == objects({"a": {}}) == []


def test_token_ids() -> None:
    refuse_tokens("text", "/p")
    refuse_tokens(["a"], "/p")
    with pytest.raises(RequestError) as caught:
        refuse_tokens(["a", [1]], "/p")
    assert caught.value.param == "/p/1"
