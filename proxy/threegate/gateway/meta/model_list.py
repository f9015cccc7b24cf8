"""`GET /v1/models` and `GET /v1/models/{id}`: what a caller may use, over all model APIs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from threegate.errors import RequestError, UpstreamError
from threegate.gateway.access.auth import onward
from threegate.gateway.answer.buffered_answer import read_body
from threegate.gateway.asgi import wanted_language
from threegate.gateway.deps import Deps
from threegate.guard.constraint_merge import merge
from threegate.i18n.messages import localized
from threegate.policy.model import CompiledPolicy, is_named
from threegate.types import Caller
from threegate.upstream import ModelRequest
from threegate.upstream.target import Target
from threegate.wire.adapter import Body
from threegate.wire.base import objects
from threegate.wire.errors import openai_error
from threegate.wire.json import parse_answer
from threegate.wire.openai.models import visible_models

TIMEOUT_S = 10.0
"""Timeout for one model API's list; one that hangs must not hold up the others."""


@dataclass(frozen=True, slots=True)
class ModelList:
    deps: Deps

    async def visible(
        self, headers: Mapping[str, str], caller: Caller, policy: CompiledPolicy
    ) -> tuple[int, Body]:
        """Status and combined list of the models that all model APIs serve to this caller, as far
        as the policy allows."""
        status, listed = await self._joined(onward(headers, caller), caller.tenant)
        if status != 200:
            return status, listed
        rules = merge(policy, caller)
        ids = {str(m.get("id")) for _, m in objects(listed.get("data"))}
        for _, allowed in rules.allow:
            ids = {i for i in ids if any(is_named(p, i) for p in allowed)}
        aliases = {name: served for _, name, served in rules.alias}
        return 200, visible_models(listed, frozenset(ids) if rules.allow else None, aliases)

    async def one(
        self, model: str, headers: Mapping[str, str], caller: Caller, policy: CompiledPolicy
    ) -> tuple[int, Body]:
        """One entry of that list. Raises RequestError 404 if it is missing."""
        status, listed = await self.visible(headers, caller, policy)
        if status != 200:
            return status, listed
        for _, entry in objects(listed.get("data")):
            if entry.get("id") == model:
                return 200, entry
        raise RequestError(
            localized("no-model"), status=404, code="model_not_found", param="/model"
        )

    async def _joined(self, headers: Mapping[str, str], tenant: str) -> tuple[int, Body]:
        """The lists of all available upstreams; if none returns one, the last upstream's answer."""
        status, answer, joined = 502, Body(), Body()
        for target in self.deps.upstreams.candidates("", tenant):
            status, answer = await self._list(target, headers)
            if status == 200:
                entries = (m for _, m in objects(answer.get("data")))
                own = [m for m in entries if target.serves(str(m.get("id")), tenant)]
                joined = {**answer, **joined, "data": [*joined.get("data", ()), *own]}
        return (200, joined) if joined else (status, answer)

    async def _list(self, target: Target, headers: Mapping[str, str]) -> tuple[int, Body]:
        language = wanted_language(headers.get("accept-language", ""))
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._request(target, headers)
        except TimeoutError:
            error = UpstreamError(localized("upstream-late"), status=504)
        except UpstreamError as failed:
            error = failed
        return error.status, openai_error(error, language)

    async def _request(self, target: Target, headers: Mapping[str, str]) -> tuple[int, Body]:
        request = ModelRequest("GET", "/v1/models", b"", headers)
        reply = await self.deps.upstreams.ask(target, request)
        try:
            return reply.status, parse_answer(await read_body(reply))
        finally:
            await reply.aclose()
