"""Whether a request wants an answer that a program parses.

Such a client reads a block in `refusal`, as the OpenAI API reports one; text in place of the JSON
that it expects makes it ask again. Source: OpenAI, Structured Outputs, "Refusals".
"""

from __future__ import annotations

from typing import Any, Final

from threegate.wire.adapter import Body

_FIELDS: Final = (
    *("structured_outputs", "guided_json", "guided_choice", "guided_regex", "guided_grammar"),
    *("regex", "ebnf"),
)
_JSON: Final = ("json_schema", "json_object")


def wants_structure(request: Body) -> bool:
    """A format for the answer (chat completions or responses), or a tool that must be called."""
    formats = (request.get("response_format"), _member(request.get("text"), "format"))
    if any(_member(f, "type") in _JSON for f in formats):
        return True
    return any(request.get(name) for name in _FIELDS) or _must_call(request)


def _must_call(request: Body) -> bool:
    choice = request.get("tool_choice")
    named = _member(choice, "type") in ("function", "custom")
    return choice == "required" or named or isinstance(request.get("function_call"), dict)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
