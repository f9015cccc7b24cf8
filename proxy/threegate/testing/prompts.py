"""Requests of every API as a `Prompt`, and the directives in them.

Directives steer the demo model: `[demo: reasoning=think, escape]` in the last user text (it
passes every proxy), `metadata: {"demo": "…"}`, or the header `x-threegate-demo`.

| directive | effect |
|---|---|
| `reasoning=` | `reasoning_content` (default), `reasoning`, `think`, `open` (no tag), `none` |
| `escape` | tool arguments with `\\u` escapes |
"""

from __future__ import annotations

import re
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
    body: Json, header: str, *, system: str, question: str, result: str = "", tools: Any = ()
) -> Prompt:
    found = _DIRECTIVE.search(question)
    metadata = body.get("metadata")
    spoken = metadata.get("demo", "") if isinstance(metadata, dict) else ""
    given = ",".join((header, str(spoken), found[1] if found else ""))
    choice = body.get("tool_choice")
    return Prompt(
        model=str(body.get("model") or "demo"),
        system=system,
        question=_own_words(_DIRECTIVE.sub("", question).strip()),
        tool_result=result,
        tools=tuple(tools),
        must_call=choice in ("required", "any") or _names_a_tool(choice),
        answer_schema=_schema(body.get("response_format") or _member(body.get("text"), "format")),
        options=options_of(given),
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


def from_chat(body: Json, header: str) -> Prompt:
    messages = [m for m in body.get("messages") or () if isinstance(m, dict)]
    users = [text_of(m.get("content")) for m in messages if m.get("role") == "user"]
    systems = [text_of(m.get("content")) for m in messages if m.get("role") == "system"]
    last = messages[-1] if messages else {}
    functions = [t.get("function") or {} for t in body.get("tools") or ()]
    return _prompt(
        body,
        header,
        system="\n".join(systems),
        question=users[-1] if users else "",
        result=text_of(last.get("content")) if last.get("role") == "tool" else "",
        tools=[(f.get("name") or "", f.get("parameters") or {}) for f in functions],
    )


def from_completions(body: Json, header: str) -> Prompt:
    prompt = body.get("prompt") or ""
    text = prompt if isinstance(prompt, str) else "\n".join(map(str, prompt))
    suffix = body.get("suffix")
    return _prompt(body, header, system="", question=f"{text}…{suffix}" if suffix else text)


def from_messages(body: Json, header: str) -> Prompt:
    messages = [m for m in body.get("messages") or () if isinstance(m, dict)]
    last = messages[-1].get("content") if messages else ""
    blocks = last if isinstance(last, list) else []
    results = [b for b in blocks if b.get("type") == "tool_result"]
    users = [_text_blocks(m.get("content")) for m in messages if m.get("role") == "user"]
    users = [text for text in users if text]
    tools = body.get("tools") or ()
    return _prompt(
        body,
        header,
        system=text_of(body.get("system")),
        question=users[-1] if users else "",
        result="\n".join(text_of(b.get("content")) for b in results),
        tools=[(t.get("name") or "", t.get("input_schema") or {}) for t in tools],
    )


def _text_blocks(content: Any) -> str:
    if not isinstance(content, list):
        return text_of(content)
    return "\n".join(b["text"] for b in content if b.get("type") == "text")


def from_responses(body: Json, header: str) -> Prompt:
    given = body.get("input") or ""
    items = given if isinstance(given, list) else [{"role": "user", "content": given}]
    users = [text_of(i.get("content")) for i in items if i.get("role") == "user"]
    last = items[-1] if items else {}
    called = last.get("type") == "function_call_output"
    tools = body.get("tools") or ()
    return _prompt(
        body,
        header,
        system=str(body.get("instructions") or ""),
        question=users[-1] if users else "",
        result=text_of(last.get("output")) if called else "",
        tools=[(t.get("name") or "", t.get("parameters") or {}) for t in tools],
    )
