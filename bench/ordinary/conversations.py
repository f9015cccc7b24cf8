"""The conversations: what a client sends, what a good model answers, and what must be masked.

`conversations/*.yaml` are lists of entries:

    id, language      as they are reported
    request           the body of a chat completion; `model` is added
    answer            text, or {content, reasoning, calls: [[name, arguments]], choices: [texts]}
    masked            the values that must not reach the model; everything else must
    removed           the secrets that must not reach the model and do not come back

An answer contains the values themselves; the model writes placeholders in their place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

Json = dict[str, Any]
FOLDER = Path(__file__).parent / "conversations"
MODEL = "deepseek-r1"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says. `contents` has one text for each choice; `calls` belong to the first."""

    contents: tuple[str, ...] = ("",)
    reasoning: str = ""
    calls: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Conversation:
    id: str
    language: str
    request: Json = field(repr=False)
    answer: Answer = field(repr=False)
    masked: tuple[str, ...] = field(default=(), repr=False)
    removed: tuple[str, ...] = field(default=(), repr=False)


def conversations(folder: Path = FOLDER) -> list[Conversation]:
    yaml = YAML(typ="safe", pure=True)
    entries = [
        entry
        for file in sorted(folder.glob("*.yaml"))
        for entry in yaml.load(file.read_text("utf-8"))
    ]
    return [_conversation(entry) for entry in entries]


def _conversation(entry: Json) -> Conversation:
    return Conversation(
        entry["id"],
        entry["language"],
        {"model": MODEL, **entry["request"]},
        _answer(entry["answer"]),
        tuple(entry.get("masked", ())),
        tuple(entry.get("removed", ())),
    )


def _answer(given: str | Json) -> Answer:
    if isinstance(given, str):
        return Answer((given,))
    contents = given.get("choices") or [given.get("content", "")]
    calls = ((name, arguments) for name, arguments in given.get("calls", ()))
    return Answer(tuple(contents), given.get("reasoning", ""), tuple(calls))
