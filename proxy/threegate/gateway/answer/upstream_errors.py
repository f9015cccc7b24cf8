"""Errors of the model API on their way to the client."""

from __future__ import annotations

from typing import Final

from threegate.audit.log.record import Stage
from threegate.errors import UpstreamError
from threegate.gateway.answer.buffered_answer import guard_body, read_body
from threegate.gateway.answer.call_answer import answer_of_call, close_answer
from threegate.gateway.context import CallContext
from threegate.i18n.messages import localized
from threegate.upstream import Reply
from threegate.upstream.target import KEY_REFUSED
from threegate.wire.adapter import DEFAULT_STREAM, Api, Body
from threegate.wire.json import parse_answer
from threegate.wire.openai.chat import Chat

NOT_SERVED: Final = frozenset((404, 405, 501))
"""Statuses with which a model API rejects an unknown path."""


async def pass_error(call: CallContext, reply: Reply, *, guarded: bool) -> None:
    """The model API's own error with its status. An HTML error page, which would reveal where it
    comes from, is not passed on, and neither is a message about a key that is not the client's.
    Errors repeat parts of the request, so they are guarded like answers."""
    body = await _error_body(call, reply)
    call.trail.error = f"upstream_{reply.status}"
    if guarded:
        body = await _guarded_error(call, reply, body)
    else:
        await call.trail.ended(Stage.COMPLETED)
    await call.out.json(reply.status, body, reply.headers)


async def _guarded_error(call: CallContext, reply: Reply, body: Body) -> Body:
    answer = answer_of_call(call)
    try:
        guarded = await guard_body(body, call.adapter, answer, DEFAULT_STREAM)
    finally:
        await answer.abandon()
    await close_answer(call, answer, Stage.BLOCKED if guarded is None else Stage.COMPLETED)
    return guarded or call.adapter.error(_status_alone(reply), call.out.language)


def _status_alone(reply: Reply) -> UpstreamError:
    return UpstreamError(localized("upstream-status", status=reply.status), status=reply.status)


async def _error_body(call: CallContext, reply: Reply) -> Body:
    data = await read_body(reply)
    if reply.own_key and reply.status in KEY_REFUSED:
        raise UpstreamError(localized("upstream-key"), code="upstream_key")
    try:
        body = parse_answer(data)
    except UpstreamError:
        body = {}
    if "error" not in body and _has_no_such_path(call, reply):
        return call.adapter.error(_no_api(call, reply), call.out.language)
    return body or call.adapter.error(_status_alone(reply), call.out.language)


def _no_api(call: CallContext, reply: Reply) -> UpstreamError:
    text = localized(
        "upstream-no-api",
        path=call.adapter.paths[0],
        status=reply.status,
        instead=Chat.paths[0],
        page="docs/upstreams.md",
    )
    return UpstreamError(text, status=reply.status, code="upstream_no_api")


def _has_no_such_path(call: CallContext, reply: Reply) -> bool:
    """Engines have chat completions, but not all of them have the other APIs."""
    return reply.status in NOT_SERVED and call.adapter.api is not Api.CHAT
