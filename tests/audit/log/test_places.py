"""What the log says of a place: where it is, and no name that may be a text."""

from __future__ import annotations

import pytest
from threegate.audit.log.places import MAX_PLACE, recorded

KEY, MOBILE = "sk-proj-" + "a1B2c3D4" * 6, "13812345678"


@pytest.mark.parametrize(
    "place",
    [
        "/messages/0/content/12/text",
        "messages/0/tool_calls/0/function/arguments#json:tool_arguments",
        "choices/127/reasoning/1000000",
        "/v1/chat/completions",
        "/mcp/my-crm-server-2024",
        "/metadata/user_id2#name",
        "zh-Hans",
        "",
    ],
)
def test_places_of_an_api_stay(place: str) -> None:
    assert recorded(place) == place


@pytest.mark.parametrize(
    "name",
    [KEY, MOBILE, f"tel{MOBILE}", "AKIAQRSTUVWXYZABCDEF", "李伟", "a b", "x\u202ey", "\ud800"],
)
def test_a_name_that_may_be_a_text_is_a_code(name: str) -> None:
    made = recorded(f"/metadata/{name}#name")
    assert name not in made
    assert made.startswith("/metadata/~")
    assert made.endswith("#name")
    assert made == recorded(f"/metadata/{name}#name")
    assert recorded(f"metadata/{name}#name:user") == f"{made.lstrip('/')}:user"
    assert made != recorded(f"/metadata/{name}2#name")


def test_a_long_place_ends_where_it_did() -> None:
    made = recorded("/a" * MAX_PLACE + ":user")
    assert made.endswith("/a:user")
    assert len(made) == MAX_PLACE
