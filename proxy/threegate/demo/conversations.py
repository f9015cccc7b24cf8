"""The conversations of the demo, Chinese and English, from `conversations.toml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from threegate.data_files import table
from threegate.testing.scripts import SCENES
from threegate.types import Bilingual

MODEL = "r1-pro"
_KEY = "sk-" + "4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"
_SCENES = {scene.name: scene for scene in SCENES}

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "send_sms",
            "description": "Send a text message",
            "parameters": {
                "type": "object",
                "properties": {"message": {"type": "string"}},
                "required": ["message"],
            },
        },
    }
]


@dataclass(frozen=True, slots=True)
class Conversation:
    name: str
    title: Bilingual
    body: dict[str, Any] = field(repr=False)


def _conversation(name: str, entry: Mapping[str, Any]) -> Conversation:
    body: dict[str, Any] = {"model": MODEL}
    if "scene" in entry:
        scene, language = _SCENES[entry["scene"]], entry["language"]
        text = scene.question.get(language)
        if scene.source:
            body["context"] = [scene.source.get(language)]
    else:
        text = entry["user"]
    body["messages"] = [{"role": "user", "content": text}]
    if "page" in entry:
        body["messages"] += _opened(entry["page"])
    if entry.get("tools"):
        body["tools"] = TOOLS
    if entry.get("stream"):
        body["stream"] = True
    return Conversation(name, Bilingual(entry["zh"], entry["en"]), body)


def _opened(page: str) -> list[dict[str, Any]]:
    """A tool call and the page that it returned."""
    function = {"name": "open_page", "arguments": "{}"}
    call = {"id": "call_1", "type": "function", "function": function}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": page},
    ]


CONVERSATIONS: Sequence[Conversation] = [
    _conversation(*item) for item in table("demo", "conversations", KEY=_KEY).items()
]
