"""Which fields of a request pass: whole fields, and single members of objects."""

from __future__ import annotations

from typing import Any

import pytest
from threegate.guard.field_allow_list import field_allow_list

LIST = field_allow_list(("model", "kwargs.thinking", "kwargs.effort"))


@pytest.mark.parametrize(
    ("sent", "passes", "removed"),
    [
        ({"model": "m"}, {"model": "m"}, []),
        ({"model": {"any": [1]}}, {"model": {"any": [1]}}, []),
        ({"model": "m", "other": 1}, {"model": "m"}, ["other"]),
        ({"kwargs": {"thinking": True}}, {"kwargs": {"thinking": True}}, []),
        ({"kwargs": {"thinking": None, "x": 1}}, {"kwargs": {"thinking": None}}, ["kwargs.x"]),
        ({"kwargs": {"x": 1}}, {}, ["kwargs.x"]),
        ({"kwargs": {}}, {}, []),
        ({"kwargs": {"thinking": {"a": 1}}}, {}, ["kwargs.thinking"]),
        ({"kwargs": {"thinking": [1]}}, {}, ["kwargs.thinking"]),
        ({"kwargs": "text"}, {}, ["kwargs"]),
        ({"kwargs": None}, {}, ["kwargs"]),
        ({"kwargs.thinking": True}, {}, ["kwargs.thinking"]),
    ],
)
def test_what_passes(sent: dict[str, Any], passes: dict[str, Any], removed: list[str]) -> None:
    assert LIST.narrowed(sent) == passes
    assert LIST.removed(sent) == removed


def test_a_field_that_is_listed_passes_whole() -> None:
    both = field_allow_list(("kwargs", "kwargs.thinking"))
    assert both.removed({"kwargs": {"x": [1]}}) == []
