"""The request side of chat completions: texts, tools, and reshaping by the constraint layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from threegate.types import Channel, Layer
from threegate.wire import think
from threegate.wire.adapter import Body, Placement, Slot
from threegate.wire.base import Adapter, objects
from threegate.wire.slots import SlotWalk, each, walk_fields

ROLE_CHANNELS: Final = {
    "system": Channel.SYSTEM,
    "developer": Channel.SYSTEM,
    "user": Channel.USER,
    "assistant": Channel.ASSISTANT,
    "tool": Channel.TOOL_RESULT,
    "function": Channel.TOOL_RESULT,
    "ipython": Channel.TOOL_RESULT,  # as the chat templates of Llama name it
    "observation": Channel.TOOL_RESULT,  # and those of GLM
}
_DEFINITIONS: Final = ("tools", "functions", "response_format")
_CALLS: Final = ("tool_calls", "function_call")
_SYSTEM_ROLES: Final = ("system", "developer")
_REASONING: Final = ("reasoning_content", "reasoning", "reasoning_details")


def prefixed(content: Any, text: str, part: str = "text") -> Any:
    """A content (a string, or parts of type `part`) with `text` in front, separated by a blank
    line: chat templates join parts with one line break or none."""
    if isinstance(content, list):
        return [{"type": part, "text": f"{text}\n\n"}, *content]
    return f"{text}\n\n{content}" if content else text


def place_in_messages(
    messages: list[Body], text: str, where: Placement, part: str = "text"
) -> list[Body]:
    """`text` where no turn of the client precedes or displaces it: in the first system turn or, for
    FIRST_USER, in the first user turn behind system turns. If another turn is there, one is added.
    """
    role, at = "system", 0
    if where is Placement.FIRST_USER:
        role, at = "user", _first(messages, lambda turn: turn.get("role") not in _SYSTEM_ROLES)
    made = list(messages)
    if at < len(made) and (own := _as_role(made[at], role)) is not None:
        made[at] = _with_text(own, text, part)
    else:
        made.insert(at, {"role": role, "content": text})
    return made if role == "user" else in_last_system(made, text, part, since=1)


def _first(turns: list[Body], wanted: Callable[[Body], bool]) -> int:
    return next((index for index, turn in enumerate(turns) if wanted(turn)), len(turns))


def _as_role(turn: Body, role: str) -> Body | None:
    """The turn, if it has the role. A developer's turn becomes a system turn, because chat
    templates as DeepSeek's skip it; one with tools of its own keeps its role, by which engines find
    them."""
    if turn.get("role") == "developer" and role == "system" and not turn.get("tools"):
        return {**turn, "role": role}
    return turn if turn.get("role") == role else None


def in_last_system(turns: list[Body], text: str, part: str, since: int = 0) -> list[Body]:
    """`text` also in the last system turn, if there is one at `since` or behind: of several system
    turns, the chat templates of R1 and its distills read only the last."""
    last = len(turns) - 1 - _first(turns[::-1], lambda turn: turn.get("role") == "system")
    if last < since:
        return turns
    return [*turns[:last], _with_text(turns[last], text, part), *turns[last + 1 :]]


def _with_text(turn: Body, text: str, part: str) -> Body:
    return {**turn, "content": prefixed(turn.get("content"), text, part)}


def without_reasoning(message: Body) -> Body:
    """An assistant turn of the history without its reasoning."""
    made = {name: value for name, value in message.items() if name not in _REASONING}
    if isinstance(content := made.get("content"), str):
        made["content"] = think.answer_of(content)
    return made


class ChatRequest(Adapter):
    """The half of the chat adapter that reads and reshapes requests."""

    def request_slots(self, body: Body) -> tuple[Slot, ...]:
        walk = SlotWalk(Layer.INPUT)
        for index, message in each(walk, body, "messages"):
            walk.message, walk.base = index, f"/messages/{index}"
            self._message_slots(walk, message)
        walk.message, walk.base = None, ""
        for name in _DEFINITIONS:
            walk.field("", name, body.get(name), Channel.SYSTEM)
        walk_fields(walk, body, Channel.USER, without=("messages", *_DEFINITIONS))
        return walk.found()

    def _message_slots(self, walk: SlotWalk, message: Body) -> None:
        channel = ROLE_CHANNELS.get(str(message.get("role")), Channel.USER)
        for name, value in message.items():
            at = Channel.TOOL_ARGUMENTS if name in _CALLS else channel
            walk.field(walk.base, name, value, at)

    def place_system(self, body: Body, text: str, where: Placement) -> Body:
        return {**body, "messages": place_in_messages(body.get("messages") or [], text, where)}

    def drop_reasoning_history(self, body: Body) -> Body:
        messages = [
            without_reasoning(m) if m.get("role") == "assistant" else m
            for m in body.get("messages") or ()
        ]
        return {**body, "messages": messages}

    def without_its_reasoning(self, body: Body) -> str:
        bare = (
            index
            for index, message in objects(body.get("messages"))
            if any(message.get(name) for name in _CALLS)
            and not any(message.get(name) for name in _REASONING)
        )
        return next((f"/messages/{index}" for index in bare), "")

    def max_tokens_field(self, body: Body) -> str:
        name = "max_completion_tokens"
        return "max_tokens" if body.get(name) is None else name
