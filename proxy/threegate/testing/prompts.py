"""Requests of every API as a `Prompt`, and the directives in them.

Directives steer the demo model: `[demo: reasoning=think, escape]` in the last user text, which
passes every proxy, or `metadata: {"demo": "…"}`.

| directive | effect |
|---|---|
| `reasoning=` | `reasoning_content` (default), `reasoning`, `think`, `open` (no tag), `none` |
| `escape` | tool arguments with `\\u` escapes |
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from threegate.testing.scripts import Prompt

Json = dict[str, Any]
_DIRECTIVE: Final = re.compile(r"\[demo:([^\]]*)\]")


def text_of(content: Any) -> str:
    """The text in a content: a string, or its text parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(_part_text(part) for part in content if isinstance(part, dict))


def _part_text(part: Json) -> str:
    return part.get("text") or text_of(part.get("content")) or text_of(part.get("output"))


def options_of(text: str) -> dict[str, str]:
    """`a=b, c` as {"a": "b", "c": ""}."""
    words = (word.strip() for word in text.split(",") if word.strip())
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def _prompt(
    body: Json,
    question: str,
    system: str = "",
    result: str = "",
    tools: Iterable[Json] = (),
    schema: str = "parameters",
) -> Prompt:
    """`schema` is the member of a tool that holds its schema."""
    found = _DIRECTIVE.search(question)
    given = (str(_member(body.get("metadata"), "demo") or ""), found[1] if found else "")
    choice = body.get("tool_choice")
    return Prompt(
        model=str(body.get("model") or "demo"),
        system=system,
        question=_own_words(_DIRECTIVE.sub("", question).strip()),
        tool_result=result,
        tools=tuple((tool.get("name") or "", tool.get(schema) or {}) for tool in tools),
        must_call=choice in ("required", "any") or _names_a_tool(choice),
        answer_schema=_schema(body.get("response_format") or _member(body.get("text"), "format")),
        options=options_of(",".join(given)),
    )


def _names_a_tool(choice: Any) -> bool:
    return _member(choice, "type") in ("function", "tool", "any")


def _schema(wanted: Any) -> Json | None:
    """The schema of `response_format` (chat completions) or `text.format` (responses), or None."""
    match wanted:
        case {"type": "json_schema", "json_schema": {"schema": dict(schema)}}:
            return schema
        case {"type": "json_schema", "schema": dict(schema)}:
            return schema
        case {"type": "json_schema" | "json_object"}:
            return {}
        case _:
            return None


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _own_words(question: str) -> str:
    """The last paragraph: what a guard puts in front of a first turn is not to be repeated."""
    return question.rsplit("\n\n", 1)[-1]


def _objects(given: Any) -> list[Json]:
    return [each for each in given or () if isinstance(each, dict)]


def _last(texts: Sequence[str]) -> str:
    return texts[-1] if texts else ""


def from_chat(body: Json) -> Prompt:
    messages = _objects(body.get("messages"))
    users = [text_of(m.get("content")) for m in messages if m.get("role") == "user"]
    systems = [text_of(m.get("content")) for m in messages if m.get("role") == "system"]
    last = messages[-1] if messages else {}
    result = text_of(last.get("content")) if last.get("role") == "tool" else ""
    functions = [t.get("function") or {} for t in body.get("tools") or ()]
    return _prompt(body, _last(users), "\n".join(systems), result, functions)


def from_completions(body: Json) -> Prompt:
    prompt = body.get("prompt") or ""
    text = prompt if isinstance(prompt, str) else "\n".join(map(str, prompt))
    suffix = body.get("suffix")
    return _prompt(body, f"{text}…{suffix}" if suffix else text)


def from_messages(body: Json) -> Prompt:
    messages = _objects(body.get("messages"))
    last = messages[-1].get("content") if messages else ""
    blocks = last if isinstance(last, list) else []
    results = [text_of(b.get("content")) for b in blocks if b.get("type") == "tool_result"]
    users = [_text_blocks(m.get("content")) for m in messages if m.get("role") == "user"]
    question, system = _last([text for text in users if text]), text_of(body.get("system"))
    tools = body.get("tools") or ()
    return _prompt(body, question, system, "\n".join(results), tools, "input_schema")


def _text_blocks(content: Any) -> str:
    if not isinstance(content, list):
        return text_of(content)
    return "\n".join(b["text"] for b in content if b.get("type") == "text")


def from_responses(body: Json) -> Prompt:
    given = body.get("input") or ""
    items = given if isinstance(given, list) else [{"role": "user", "content": given}]
    users = [text_of(i.get("content")) for i in items if i.get("role") == "user"]
    last = items[-1] if items else {}
    result = text_of(last.get("output")) if last.get("type") == "function_call_output" else ""
    system = str(body.get("instructions") or "")
    return _prompt(body, _last(users), system, result, body.get("tools") or ())
