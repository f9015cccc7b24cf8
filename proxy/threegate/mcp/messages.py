"""JSON-RPC messages of the Model Context Protocol: the texts in them, and answers in place of one.
Pure.

Source: the protocol's schemas 2025-11-25 and 2026-07-28. Texts are all strings of `params`,
`result` and `error`, and numbers long enough to be an identifier. Under the protocol's own names
(types, cursors, base64 of media) tokens do not count that no key and no number can hide in; base64
of text does.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from threegate.guard.byte_readings import damage
from threegate.wire import inline
from threegate.wire.words import hides_nothing

Json = dict[str, Any]
Path = tuple[str | int, ...]

GUARD_ERROR: Final = -32050
"""The code of JSON-RPC errors from the guard, in the range that is free for implementations."""
PARSE_ERROR: Final = -32700

LISTS: Final[Mapping[str, str]] = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
}
"""Methods that list what a server offers, and the member of the result with the list."""

ENTRY_IDS: Final[Mapping[str, str]] = {
    "tools/list": "name",
    "prompts/list": "name",
    "resources/list": "uri",
    "resources/templates/list": "uriTemplate",
}
"""The member by which an entry of the list is asked for."""

PROTOCOL_ONLY: Final = frozenset(
    (
        *LISTS,
        "initialize",
        "server/discover",
        "ping",
        "logging/setLevel",
        "tasks/list",
        "tasks/get",
        "tasks/result",
        "tasks/cancel",
        "subscriptions/listen",
        "notifications/initialized",
        "notifications/roots/list_changed",
    )
)
"""Messages of a client that carry nothing from a model or a person."""

_TOKENS: Final = frozenset(
    (
        *("type", "mimeType", "resultType", "protocolVersion", "progressToken", "nextCursor"),
        *("requestState", "taskId", "data", "blob", "sizes"),
    )
)
"""Members whose tokens are not text; `data` and `blob` are base64 of images and sounds."""
_SEALED: Final = frozenset(("nextCursor", "requestState"))
"""Of them those that only the server can open, if they are long."""
_METHOD: Final = re.compile(r"[A-Za-z_/]{1,64}")
_TOKEN: Final = re.compile(r"[\w.:/+=%~-]*", re.ASCII)
_MEDIA: Final = ("data", "blob")
_FREE: Final = "structuredContent"
"""Members that contain a tool's own object, in which a `type` may be anything."""
_BASE64: Final = tuple(f"#base64 {number}" for number in range(1, 7))
"""Last part of the path of a text that a member holds as base64: one for each reading."""
META: Final = "_meta"
"""In a client's messages it contains what the program says about itself."""

IDENTIFIER_DIGITS: Final = 8


def kind(message: Json) -> str:
    """`request`, `notification` or `response`; empty for anything else."""
    if isinstance(message.get("method"), str):
        return "request" if "id" in message else "notification"
    return "response" if "id" in message and ("result" in message or "error" in message) else ""


_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "request": ("jsonrpc", "id", "method", "params"),
    "notification": ("jsonrpc", "method", "params"),
    "response": ("jsonrpc", "id", "error", "result"),
}


def bare(message: Json) -> Json:
    """Only the members that a message of its kind may have: readers differ in how they treat
    others, and a result next to an error, which is then left out."""
    members = _MEMBERS.get(kind(message), ())
    made = {name: message[name] for name in members if name in message} | {"jsonrpc": "2.0"}
    if made.get("error") is not None:
        made.pop("result", None)
    elif "result" in made:  # some libraries send an empty error with every result
        made.pop("error", None)
    return made


SHAPE_ERRORS: Final = (AttributeError, KeyError, TypeError, ValueError)
"""Exceptions caused by a malformed message."""


def method_of(result: Any) -> str:
    """The method whose result this list is; empty if it is not a list. It identifies an answer
    whose id belongs to no request here: some clients take the answer to `"7"` as the answer to
    `7`."""
    found = (m for m, member in LISTS.items() if isinstance(result, dict) and member in result)
    return next(found, "")


def texts_of(value: Any, path: Path = (), *, tokens: bool = True) -> Iterator[tuple[Path, str]]:
    """Every text below `value` with its place, in order. `tokens`: the protocol's own names are
    those of the protocol here."""
    match value:
        case str() if value.strip():
            yield path, value
        case bool():
            return
        case int() | float() if abs(value) >= 10 ** (IDENTIFIER_DIGITS - 1):
            yield path, str(int(value) if value == int(value) else value)
        case list():
            for number, item in enumerate(value):
                yield from texts_of(item, (*path, number), tokens=tokens)
        case dict():
            for name, item in value.items():
                if not (isinstance(item, str) and _is_token(name, item)):
                    yield from texts_of(item, (*path, name), tokens=tokens and name != _FREE)
                elif name in _MEDIA:
                    yield from _media(item, inline.kind_of(value), (*path, name))
                elif not tokens:
                    yield from texts_of(item, (*path, name))


def _is_token(name: str, item: str) -> bool:
    if name not in _TOKENS or not _TOKEN.fullmatch(item):
        return False
    return name in _MEDIA or hides_nothing("signature" if name in _SEALED else "id", item)


def marks_of(message: Json) -> list[str]:
    """The id and the method of a message, where they have room for a text."""
    found = (text for _, text in texts_of([message.get("id"), message.get("method")]))
    return [text for text in found if not (_METHOD.fullmatch(text) or hides_nothing("id", text))]


def _media(item: str, kind: str, path: Path) -> Iterator[tuple[Path, str]]:
    """The readings of a file: which of several a client chooses is not known."""
    found = [r for r in inline.readings("data", item, kind) if r.text.strip()]
    yield from ((path, text) for form, text in found if not form)
    encoded = [text for form, text in found if form]
    marks = _BASE64[: len(encoded)]
    yield from (((*path, mark), text) for mark, text in zip(marks, encoded, strict=True))


def put_texts(value: Any, texts: Mapping[Path, str], path: Path = ()) -> Any:
    """A copy with `texts` at their places."""
    if path in texts:
        return texts[path]
    read = [texts[p] for mark in _BASE64 if (p := (*path, mark)) in texts]
    if isinstance(value, str) and read:
        return base64.b64encode(min(read, key=damage).encode()).decode()
    match value:
        case list():
            return [put_texts(item, texts, (*path, n)) for n, item in enumerate(value)]
        case dict():
            return {name: put_texts(item, texts, (*path, name)) for name, item in value.items()}
        case _:
            return value


def renamed(value: Any, names: Mapping[str, str]) -> Any:
    """A copy with members renamed."""
    match value:
        case list():
            return [renamed(item, names) for item in value]
        case dict():
            return {names[name]: renamed(item, names) for name, item in value.items()}
        case _:
            return value


def names_of(value: Any) -> Iterator[str]:
    """Names of members, which are the server's own words where it returns objects."""
    match value:
        case list():
            for item in value:
                yield from names_of(item)
        case dict():
            for name, item in value.items():
                yield name
                yield from names_of(item)


def has_text(value: Any) -> bool:
    """Whether there is a text below `value`, or a name that may be one."""
    named = (name for name in names_of(value) if not hides_nothing("", name))
    return any(True for _ in texts_of(value)) or any(True for _ in named)


def described(item: Any) -> str:
    """Everything that a list entry says about itself, including its schema, as one text."""
    return "\n".join((*(text for _, text in texts_of(item)), " ".join(names_of(item))))


def stopped_result(message_id: Any, text: str, record: str) -> Json:
    """The result of a stopped tool call; the model can read it and continue."""
    result = {
        "content": [{"type": "text", "text": text}],
        "isError": True,
        "resultType": "complete",
        "_meta": {"threegate/record": record},
    }
    return {"jsonrpc": "2.0", "id": message_id, "result": result}


def unreadable() -> Json:
    """The answer to what is no message."""
    return error_response(None, "not a JSON-RPC message", code=PARSE_ERROR)


def error_response(message_id: Any, text: str, record: str = "", code: int = GUARD_ERROR) -> Json:
    error: Json = {"code": code, "message": text}
    if record:
        error["data"] = {"record": record}
    return {"jsonrpc": "2.0", "id": message_id, "error": error}


def function_call(function: Json) -> Json:
    return {"id": "call_0", "type": "function", "function": function}


def as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def turn(*texts: str) -> Json:
    """A tool result for the guard."""
    parts = [{"type": "text", "text": text} for text in texts]
    return {"role": "tool", "tool_call_id": "0", "content": parts}


def key_of(message_id: Any) -> bytes:
    """JSON-RPC distinguishes `1` from `"1"`. An id may have any length."""
    return hashlib.sha256(json.dumps(message_id).encode()).digest()
