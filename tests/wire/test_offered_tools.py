"""Tools wherever a model API may read them, under every name by which it may."""

from __future__ import annotations

from typing import Any

import pytest
from threegate.wire.offered_tools import offered, without

SCHEMA = {"type": "object"}
FIND = {"type": "function", "function": {"name": "find", "parameters": SCHEMA}}


@pytest.mark.parametrize(
    ("tool", "names"),
    [
        (FIND, [("find",)]),
        ({"name": "find", "input_schema": SCHEMA}, [("find",)]),
        ({"type": "function", "name": "a", "function": {"name": "b"}}, [("a",), ("b",)]),
        ({"type": "custom", "custom": {"name": "a"}, "name": ""}, [("a",)]),
        ({"type": "web_search"}, [("web_search",)]),
        (
            {"type": "web_search_20250305", "name": "fine"},
            [("fine",), ("web_search_20250305", "web_search")],
        ),
        (
            {"type": "web_search_preview_2025_03_11"},
            [("web_search_preview_2025_03_11", "web_search_preview")],
        ),
        ({"googleSearch": {}}, [("googleSearch",)]),
        ({"type": "function", "name": 7}, [("name",)]),
        ({}, [("",)]),
    ],
)
def test_names_of_a_tool(tool: dict[str, Any], names: list[tuple[str, ...]]) -> None:
    (found,) = offered({"tools": [tool]})
    assert list(found.names) == names


def test_places_of_tools() -> None:
    space = {"type": "namespace", "name": "crm", "tools": [{"name": "put", "parameters": SCHEMA}]}
    body = {
        "tools": [space, "x"],
        "functions": [{"name": "old"}],
        "messages": [{"role": "user"}, {"role": "developer", "tools": [FIND]}],
        "input": [{"type": "tool_search_output", "tools": [FIND]}],
    }
    found = {(tool.names[0][0], tool.pointer): tool.parameters for tool in offered(body)}
    assert found == {
        ("crm", "/tools/0"): {},
        ("put", "/tools/0"): SCHEMA,
        ("old", "/functions/0"): {},
        ("find", "/messages/1/tools/0"): SCHEMA,
        ("find", "/input/0/tools/0"): SCHEMA,
    }
    left = without(body, frozenset(tool.pointer for tool in offered(body)))
    assert left == {
        "tools": ["x"],
        "messages": [{"role": "user"}, {"role": "developer", "tools": []}],
        "input": [{"type": "tool_search_output", "tools": []}],
    }
    assert len(body["tools"]) == 2


SHELL = {"type": "function", "function": {"name": "shell"}}


@pytest.mark.parametrize(
    ("choice", "stays"),
    [
        ("auto", True),
        ({"type": "function", "function": {"name": "find"}}, True),
        ({"type": "function", "function": {"name": "shell"}}, False),
        ({"type": "function", "name": "shell"}, False),
        ({"type": "tool", "name": "find"}, True),
        ({"type": "tool", "name": "shell"}, False),
        ({"type": "auto", "disable_parallel_tool_use": True}, True),
        ({"type": "web_search"}, False),
        ({"type": "allowed_tools", "mode": "auto", "tools": [{"type": "mcp"}]}, False),
        ({"type": "allowed_tools", "allowed_tools": {"tools": [FIND]}}, True),
        ({"type": "allowed_tools", "allowed_tools": {"tools": [FIND, SHELL]}}, False),
        ({"type": "function"}, False),
        ({"type": "allowed_tools", "allowed_tools": ["x"]}, True),
    ],
)
def test_a_choice_of_a_tool_that_is_gone_goes_too(choice: Any, stays: bool) -> None:
    left = without({"tools": [SHELL, FIND], "tool_choice": choice}, frozenset(["/tools/0"]))
    assert left["tools"] == [FIND]
    assert ("tool_choice" in left) is stays


def test_without_tools_there_is_no_choice() -> None:
    body = {
        "tools": [SHELL],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        "functions": None,
        "function_call": "auto",
    }
    assert without(body, frozenset(["/tools/0"])) == {}
    legacy = {"functions": [{"name": "a"}, {"name": "b"}], "function_call": {"name": "a"}}
    assert without(legacy, frozenset(["/functions/0"])) == {"functions": [{"name": "b"}]}
