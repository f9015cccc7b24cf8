"""Whether a request wants an answer that a program parses, and whether that is JSON. Such a client
expects a block in `refusal`, as the OpenAI API reports it; text in place of the expected JSON would
make it retry. Source: OpenAI, Structured Outputs, "Refusals".
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
    return wants_json(request) or any(request.get(name) for name in _FIELDS) or _must_call(request)


def wants_json(request: Body) -> bool:
    """Whether the answer itself is JSON, in any API."""
    formats = [request.get(name) for name in ("response_format", "output_format")]
    formats += [_member(request.get(name), "format") for name in ("text", "output_config")]
    if any(_member(f, "type") in _JSON for f in formats):
        return True
    return bool(request.get("guided_json") or _member(request.get("structured_outputs"), "json"))


def _must_call(request: Body) -> bool:
    choice = request.get("tool_choice")
    named = _member(choice, "type") in ("function", "custom")
    return choice == "required" or named or isinstance(request.get("function_call"), dict)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
