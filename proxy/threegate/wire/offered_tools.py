"""The tools that a request offers, wherever they are in it, and a request without some of them. The
same in every API: engines and gateways read tools in the form of other APIs too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from threegate.wire.adapter import Body, Tool
from threegate.wire.base import objects

NAMED: Final = ("function", "custom")
"""Members of a tool or a call that may have its name."""
_OF_CLIENTS: Final = ("", *NAMED, "namespace")
"""Types of tools that the client runs; all others are run by the model API, by their type."""
_DATE: Final = re.compile(r"_(\d{8}|\d{4}_\d\d_\d\d)$")
_LISTS: Final = ("tools", "functions")
_TURNS: Final = ("messages", "input")
_CHOICES: Final = ("tool_choice", "function_call")
_WITH_TOOLS: Final = {"tools": ("parallel_tool_calls", "max_tool_calls"), "functions": ()}
"""Fields that APIs refuse where there are no tools."""
_NO_NAMES: Final = frozenset(("auto", "any", "none", "required", "tool", "allowed_tools"))
"""Types of a choice that name no tool."""


def offered(body: Body) -> tuple[Tool, ...]:
    """Tools of the request and of its turns: engines read those of a developer's turn, and the
    responses API those of an earlier search. The tools of a namespace have its pointer."""
    return tuple(
        Tool(_names(each), _parameters(each), f"{at}/{index}")
        for at, tools in _lists(body)
        for index, tool in objects(tools)
        for each in (tool, *(nested for _, nested in objects(tool.get("tools"))))
    )


def without(body: Body, pointers: frozenset[str]) -> Body:
    """A copy without these tools, and without a choice of one that is not offered."""
    made = dict(body)
    for name in _LISTS:
        if name in body:
            made[name] = _left(body[name], f"/{name}", pointers)
    for field in _TURNS:
        if isinstance(turns := body.get(field), list):
            made[field] = [_turn(t, f"/{field}/{i}", pointers) for i, t in enumerate(turns)]
    left = {spelling for tool in offered(made) for name in tool.names for spelling in name}
    for list_name, choice in zip(_LISTS, _CHOICES, strict=True):
        if not made.get(list_name):
            for name in (list_name, choice, *_WITH_TOOLS[list_name]):
                made.pop(name, None)
        elif not _chosen(made.get(choice)) <= left:
            del made[choice]
    return made


def _lists(body: Body) -> Iterator[tuple[str, Any]]:
    yield from ((f"/{name}", body.get(name)) for name in _LISTS)
    for field in _TURNS:
        yield from ((f"/{field}/{i}/tools", t.get("tools")) for i, t in objects(body.get(field)))


def _left(tools: Any, at: str, pointers: frozenset[str]) -> Any:
    if not isinstance(tools, list):
        return tools
    return [tool for index, tool in enumerate(tools) if f"{at}/{index}" not in pointers]


def _turn(turn: Any, at: str, pointers: frozenset[str]) -> Any:
    if not isinstance(turn, dict) or "tools" not in turn:
        return turn
    return {**turn, "tools": _left(turn["tools"], f"{at}/tools", pointers)}


def _names(tool: Body) -> tuple[tuple[str, ...], ...]:
    """Its own name and those of its members, because it is unknown which one is read, and its type
    if the model API runs it. A tool without any of them is named by its fields (`googleSearch`)."""
    holders = (tool, *(tool[kind] for kind in NAMED if isinstance(tool.get(kind), dict)))
    given = (holder.get("name") for holder in holders)
    names: list[tuple[str, ...]] = [(name,) for name in given if isinstance(name, str) and name]
    kind = str(tool.get("type") or "")
    if kind not in _OF_CLIENTS:
        names.append((kind, undated) if (undated := _DATE.sub("", kind)) != kind else (kind,))
    return tuple(names) or tuple((name,) for name in tool if name != "type") or (("",),)


def _parameters(tool: Body) -> Body:
    holders = (tool, *(tool[kind] for kind in NAMED if isinstance(tool.get(kind), dict)))
    given = (holder.get(name) for holder in holders for name in ("parameters", "input_schema"))
    return next((schema for schema in given if isinstance(schema, dict)), {})


def _chosen(choice: Any) -> set[str]:
    """The tools that a choice names, one or several."""
    if not isinstance(choice, dict):
        return set()
    holders = [h for h in (choice, choice.get("allowed_tools")) if isinstance(h, dict)]
    named = [choice, *(tool for h in holders for _, tool in objects(h.get("tools")))]
    found = {spelling for each in named for name in _names(each) for spelling in name[-1:]}
    return found - _NO_NAMES
