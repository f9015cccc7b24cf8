"""References to what a model API has stored: earlier responses, their items, files, containers.
Pure. If several tenants share the key of a model API, anything one of them stored would be open to
all. So answers then carry ids that only their tenant can use (`mark`), and requests may reference
nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from threegate.wire.adapter import Body

Mark = Callable[[str], str]
Opened = Callable[[str], str | None]
"""The id as the model API knows it; None if it is not the caller's."""

_ITEM_IDS: Final = ("id", "container_id", "approval_request_id")
_CONTAINERS: Final = ("container", "container_id")
_RESPONSE_IDS: Final = ("id", "previous_response_id")
_STORED: Final = frozenset(
    ("file_id", "file_ids", "image_file_id", "vector_store_ids", "container_id", "skill_id")
)
_NO_REFERENCES: Final = frozenset(
    (
        *("input", "arguments", "parameters", "input_schema", "schema", "json_schema", "metadata"),
        *("annotations", "results", "outputs"),
    )
)
"""Members that belong to the client's own tools, or describe the sources of an earlier answer."""
_SAYS_NOTHING: Final = frozenset(("id", "type", "status", "role"))


def mark_response(response: Any, mark: Mark) -> None:
    """In place: the ids of a response object and of its items."""
    if isinstance(response, dict):
        _mark(response, _RESPONSE_IDS, mark)
        output = response.get("output")
        for item in output if isinstance(output, list) else ():
            _mark_item(item, mark)


def mark_event(frame: Body, mark: Mark) -> None:
    """In place: the ids in an event of a streamed response."""
    _mark(frame, ("item_id",), mark)
    _mark_item(frame.get("item"), mark)
    mark_response(frame.get("response"), mark)


def _mark_item(item: Any, mark: Mark) -> None:
    if isinstance(item, dict):
        _mark(item, _ITEM_IDS, mark)
        _mark(item.get("environment"), ("container_id",), mark)


def _mark(holder: Any, names: tuple[str, ...], mark: Mark) -> None:
    if isinstance(holder, dict):
        for name in names:
            if isinstance(id := holder.get(name), str) and id:
                holder[name] = mark(id)


def opened(body: Body, open_id: Opened) -> tuple[Body, str]:
    """The request with the ids that the model API knows, and the place of the first reference that
    is not the caller's; empty if there is none."""
    made, foreign = dict(body), _others(body, open_id)
    if "tools" in body:
        made["tools"] = _own_containers(body["tools"], open_id)
    if previous := body.get("previous_response_id"):
        own = open_id(previous) if isinstance(previous, str) else None
        foreign = foreign or ("" if own else "/previous_response_id")
        made["previous_response_id"] = own
    if isinstance(items := body.get("input"), list):
        made["input"] = [_own_item(item, open_id) for item in items]
        places = (f"/input/{i}" for i, item in enumerate(items) if _is_foreign(item, open_id))
        foreign = foreign or next(places, "")
    return made, foreign


def _own_item(item: Any, open_id: Opened) -> Any:
    if not isinstance(item, dict):
        return item
    item = _own_containers(item, open_id)
    named = {n: item[n] for n in _ITEM_IDS if isinstance(item.get(n), str)}
    return {**item, **{n: open_id(id) or id for n, id in named.items()}}


def _own_containers(value: Any, open_id: Opened) -> Any:
    match value:
        case list():
            return [_own_containers(each, open_id) for each in value]
        case dict():
            return {name: _own_container(name, each, open_id) for name, each in value.items()}
        case _:
            return value


def _own_container(name: str, value: Any, open_id: Opened) -> Any:
    if name in _CONTAINERS and isinstance(value, str):
        return open_id(value) or value
    return value if name in _NO_REFERENCES else _own_containers(value, open_id)


def _is_foreign(item: Any, open_id: Opened) -> bool:
    """Whether the model API would look up an item (or the request that it approves) that is not the
    caller's."""
    if not isinstance(item, dict):
        return False
    looked_up = [item.get("id") if _is_reference(item) else None]
    if item.get("type") == "mcp_approval_response":
        looked_up.append(item.get("approval_request_id"))
    return any(not isinstance(id, str) or not open_id(id) for id in looked_up if id)


def _is_reference(item: Body) -> bool:
    """Items of an earlier response that carry their content are self-contained. An item without a
    type is a reference, whatever else it has, unless it is a message."""
    match item.get("type"):
        case "item_reference":
            return True
        case None | "":
            return not (item.get("role") and item.get("content"))
        case "reasoning":
            return not item.get("encrypted_content") and not item.get("content")
        case _:
            return not any(value for name, value in item.items() if name not in _SAYS_NOTHING)


def _others(body: Body, open_id: Opened) -> str:
    """The place of the first other stored object that is not the caller's; empty if there is
    none."""
    for name in ("conversation", "container"):
        if body.get(name):
            return f"/{name}"
    if isinstance(prompt := body.get("prompt"), dict) and prompt.get("id"):
        return "/prompt"
    starts = ("messages", "system", "input", "tools")
    found = (place for name in starts for place in _below(body.get(name), f"/{name}", open_id))
    return next(found, "")


def _below(value: Any, place: str, open_id: Opened) -> Iterator[str]:
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _below(each, f"{place}/{index}", open_id)
    elif isinstance(value, dict):
        for name, each in value.items():
            if _is_stored(name, each, open_id):
                yield f"{place}/{name}"
            elif name not in _NO_REFERENCES:
                yield from _below(each, f"{place}/{name}", open_id)


def _is_stored(name: str, value: Any, open_id: Opened) -> bool:
    match name:
        case "container" | "container_id" if isinstance(value, str):
            return bool(value) and not open_id(value)
        case "container":
            return False
        case "audio":
            return isinstance(value, dict) and bool(value.get("id"))
        case _:
            return name in _STORED and bool(value)
