from __future__ import annotations

from threegate.wire.openai.models import visible_models

LIST = {
    "object": "list",
    "data": [{"id": "r1", "owned_by": "x"}, {"id": "other"}],
    "first_id": "r1",
}


def test_all_models_and_aliases_that_lead_somewhere() -> None:
    made = visible_models(LIST, None, {"gpt-4o": "r1", "lost": "nothing", "other": "r1"})
    assert made["data"] == [
        {"id": "r1", "owned_by": "x"},
        {"id": "other"},
        {"id": "gpt-4o", "owned_by": "x", "threegate": {"alias_of": "r1"}},
    ]
    assert made["first_id"] == "r1"


def test_only_allowed_models() -> None:
    made = visible_models(LIST, frozenset(["r1"]), {"gpt-4o": "r1", "b": "other"})
    assert [m["id"] for m in made["data"]] == ["r1", "gpt-4o"]
    assert visible_models({}, None, {}) == {"object": "list", "data": []}
