"""What the cells of the fidelity table are made of (`test_fidelity`): bytes as engines send them.

`SAID` holds a secret, so the same bytes tell that nothing is lost with the policy off and that the
text is guarded with it on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
SECRET = "sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"
REMOVED = "[secret removed]"
SAID = f"Here it is: {SECRET} and so on."
ARGUMENTS = (json.dumps({"to": "somebody", "n": 1}), json.dumps({"key": SECRET, "n": 2}))
MODEL = "deepseek-r1"
WAIT = b": keep-alive\n\n\n\n"

PATHS = {
    "chat": "/v1/chat/completions",
    "completions": "/beta/completions",  # fill-in-the-middle, DeepSeek's
    "responses": "/v1/responses",
    "messages": "/v1/messages",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """`starts` wants an upstream whose template has opened `<think>` already."""

    streams: tuple[bytes, ...]
    wholes: tuple[Json, ...]
    starts: bool = False


@dataclass(frozen=True, slots=True)
class Without:
    """The API has no such thing."""

    why: str


Row = dict[str, Cell | Without]


def request(api: str, *, stream: bool = False, text: str = "hello") -> Json:
    asked: Json = {"model": MODEL, "stream": stream}
    match api:
        case "chat":
            return {**asked, "messages": [{"role": "user", "content": text}]}
        case "completions":
            return {**asked, "prompt": text, "suffix": " end"}
        case "responses":
            return {**asked, "input": text}
        case _:
            return {**asked, "max_tokens": 99, "messages": [{"role": "user", "content": text}]}


def pieces(text: str, size: int = 5) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def thought(*, start: bool, end: bool) -> str:
    """Inline reasoning and an answer, with or without their tags."""
    return "".join(("<think>\n" * start, SAID, "\n</think>\n\n" if end else " ", SAID))
