"""What the demo model says: set answers to the demo questions, an echo to everything else.

The set answers are in `scenes.toml`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

from threegate.data_files import table
from threegate.types import Bilingual


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model says. `calls` are (tool name, arguments)."""

    answer: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request of any API, as the demo model sees it. `tools` are (name, schema)."""

    model: str = "demo"
    system: str = ""
    question: str = ""
    tool_result: str = ""
    tools: tuple[tuple[str, dict[str, Any]], ...] = ()
    must_call: bool = False
    answer_schema: dict[str, Any] | None = None  # the answer is JSON that fits it
    options: dict[str, str] = field(default_factory=dict)

    @property
    def chinese(self) -> bool:
        return bool(_HAN.search(self.question or self.tool_result or self.system))


@dataclass(frozen=True, slots=True)
class Scene:
    """A demo question and the set reply. `source` is what the question should rest on."""

    name: str
    question: Bilingual
    reply: tuple[Reply, Reply]  # Chinese, English
    source: Bilingual | None = None

    def answers(self, prompt: Prompt) -> Reply | None:
        if self.question.zh in prompt.question:
            return self.reply[0]
        return self.reply[1] if self.question.en in prompt.question else None


_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_KEY: Final = "AKIA" + "Z7Q4M2XK5P3T6R4W"


def _manual(language: str) -> str:
    return (files("threegate.testing") / f"manual.{language}.txt").read_text("utf-8")


MANUAL: Final = Bilingual(_manual("zh"), _manual("en"))
"""A long source: the manual of an invented product."""


def _scene(name: str, entry: Mapping[str, Any]) -> Scene:
    source = entry.get("source")
    if source is not None:
        source = MANUAL if source == "manual" else Bilingual(**source)
    replies = Reply(**entry["zh"]), Reply(**entry["en"])
    return Scene(name, Bilingual(**entry["question"]), replies, source)


SCENES: Final = tuple(_scene(*item) for item in table("testing", "scenes", KEY=_KEY).items())


def reply_to(prompt: Prompt) -> Reply:
    """The scripted reply, a tool call where one is requested, or an echo."""
    if not prompt.tool_result:
        for scene in SCENES:
            if (reply := scene.answers(prompt)) is not None:
                return reply
        if prompt.tools and (prompt.must_call or _asks_for_tool(prompt)):
            return _tool_calls(prompt)
    return _echo(prompt) if prompt.answer_schema is None else _structured(prompt)


def _structured(prompt: Prompt) -> Reply:
    """JSON for the requested schema; the question, or a tool's result, fills it."""
    text = prompt.tool_result or prompt.question
    made = _arguments(prompt.answer_schema or {}, text)
    return Reply(json.dumps(made, ensure_ascii=False), _echo(prompt).reasoning)


def _asks_for_tool(prompt: Prompt) -> bool:
    named = any(name in prompt.question for name, _ in prompt.tools)
    return named or re.search(r"\btool|look up|工具|查一下|查询", prompt.question) is not None


def _tool_calls(prompt: Prompt) -> Reply:
    """One call, or one for each tool when both are wanted; the question fills the arguments."""
    both = re.search(r"\bboth\b|分别|都", prompt.question) is not None
    tools = prompt.tools if both else prompt.tools[:1]
    calls = tuple((name, _arguments(schema, prompt.question)) for name, schema in tools)
    reasoning = "我需要调用工具。" if prompt.chinese else "I need to call a tool."
    return Reply(reasoning=reasoning, calls=calls)


def _arguments(schema: dict[str, Any], question: str) -> dict[str, Any]:
    """A value for every property of a JSON Schema object."""
    definitions, properties = (_object(schema.get(n)) for n in ("$defs", "properties"))
    made = {name: _value(spec, question, definitions) for name, spec in properties.items()}
    return made or {"text": question}


def _value(schema: Any, question: str, definitions: dict[str, Any]) -> Any:
    spec = _object(schema)
    if "$ref" in spec:
        spec = _object(definitions.get(str(spec["$ref"]).rpartition("/")[2]))
    if options := spec.get("anyOf"):
        return _value(options[0], question, definitions)
    if spec.get("enum"):
        return spec["enum"][0]
    match spec.get("type"):
        case "array":
            return [_value(spec.get("items") or {}, question, definitions)]
        case "object" if spec.get("properties"):
            return _arguments({"$defs": definitions, **spec}, question)
        case kind:
            plain: dict[str, Any] = {"integer": 3, "number": 1.5, "boolean": True}
            return plain.get(str(kind), question)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _echo(prompt: Prompt) -> Reply:
    text = prompt.tool_result or prompt.question
    if prompt.chinese:
        spoken = f"工具返回：{text}" if prompt.tool_result else f"您说的是：{text}"
        return Reply(f"{spoken}\n还有什么可以帮您？", f"用户的原话是“{text}”。我来复述一遍。")
    spoken = f"The tool said: {text}" if prompt.tool_result else f"You said: {text}"
    return Reply(f"{spoken}\nHow else can I help?", f'The user wrote "{text}". I will repeat it.')


_PIECE: Final = re.compile(
    r"</?think>|[\u4e00-\u9fff]{1,2}|\s*[A-Za-z]+|\s*\d{1,3}|\s+|.", re.DOTALL
)


def pieces(text: str) -> list[str]:
    """`text` in the pieces a tokenizer would make: words, two characters of Chinese, three
    digits. So every longer value is split."""
    return _PIECE.findall(text)
