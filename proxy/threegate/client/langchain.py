"""The guard around every model call of a LangChain 1.x agent:

    create_agent(model, tools, middleware=[GuardMiddleware(Guard())])

The model sees masked values; state, tools and users see the originals. Tool results are judged
before the model reads them. A stopped call gives the curated reply, or says why, as the model's
answer. Tokens that are streamed leave before the answer is judged: stream `updates`, not
`messages`, or put the proxy before the model.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from langchain.agents.middleware import AgentMiddleware
from langchain.agents.middleware.types import ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, BaseMessage, convert_to_openai_messages

from threegate.client.guard import Guard
from threegate.client.results import ContextOptions, Message, Verdict

Handler = Callable[[ModelRequest], ModelResponse]
AsyncHandler = Callable[[ModelRequest], Awaitable[ModelResponse]]


@dataclass(frozen=True, slots=True)
class _CheckedRequest:
    """A request as the model gets it, and the original."""

    request: ModelRequest
    turns: list[Message]
    masks: str


class GuardMiddleware(AgentMiddleware):  # type: ignore[misc]
    """`options` go with every check, as for `Guard.check`. Raises GuardError if a check could not
    be made; then the model is not called, or its answer not used."""

    def __init__(self, guard: Guard, **options: Unpack[ContextOptions]) -> None:
        super().__init__()
        self._guard, self._options = guard, options

    def wrap_model_call(self, request: ModelRequest, handler: Handler) -> ModelResponse | AIMessage:
        request_state = self._check_request(request)
        if isinstance(request_state, AIMessage):
            return request_state
        return self._checked(request_state, handler(request_state.request))

    async def awrap_model_call(
        self, request: ModelRequest, handler: AsyncHandler
    ) -> ModelResponse | AIMessage:
        request_state = await asyncio.to_thread(self._check_request, request)
        if isinstance(request_state, AIMessage):
            return request_state
        response = await handler(request_state.request)
        return await asyncio.to_thread(self._checked, request_state, response)

    def _check_request(self, request: ModelRequest) -> _CheckedRequest | AIMessage:
        system = request.system_message
        given: list[BaseMessage] = [*([] if system is None else [system]), *request.messages]
        turns = _turns(given)
        verdict = self._guard.check(messages=turns, **self._options)
        if not verdict.allowed:
            return _stopped(verdict)
        made = [_edited(*each) for each in zip(given, turns, verdict.messages, strict=True)]
        if system is None:
            edited = request.override(messages=made)
        else:
            edited = request.override(system_message=made[0], messages=made[1:])
        return _CheckedRequest(edited, turns, verdict.masks)

    def _checked(self, request_state: _CheckedRequest, response: ModelResponse) -> ModelResponse:
        result = [self._answer(request_state, message) for message in response.result]
        return ModelResponse(result=result, structured_response=response.structured_response)

    def _answer(self, request_state: _CheckedRequest, message: BaseMessage) -> BaseMessage:
        if not isinstance(message, AIMessage):
            return message
        (turn,) = _turns([message])
        turns = [*request_state.turns, turn]
        verdict = self._guard.check(
            messages=turns, stage="output", masks=request_state.masks, **self._options
        )
        if verdict.answer is None:
            return _stopped(verdict, message.id)
        return _edited(message, turn, verdict.answer)


def _turns(messages: Sequence[BaseMessage]) -> list[Message]:
    """The messages as turns of chat completions."""
    turns: list[Message] = [convert_to_openai_messages(m) for m in messages]
    return turns


def _edited(message: BaseMessage, old: Message, new: Message) -> BaseMessage:
    """The message with the texts of `new` that differ from `old`."""
    if new == old:
        return message
    changes: dict[str, Any] = {"content": new.get("content") or ""}
    if isinstance(message, AIMessage) and message.tool_calls:
        calls = zip(message.tool_calls, new.get("tool_calls") or (), strict=True)
        changes["tool_calls"] = [
            {**call, "args": json.loads(sent["function"]["arguments"])} for call, sent in calls
        ]
    return message.model_copy(update=changes)


def _stopped(verdict: Verdict, message_id: str | None = None) -> AIMessage:
    note = {"threegate": {"id": verdict.id, "action": verdict.action}}
    return AIMessage(content=verdict.words, id=message_id, response_metadata=note)
