"""A dialect over HTTP: admission, reading, its checks, the answer. An ASGI app."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from threegate.errors import ThreegateError
from threegate.gateway.asgi import Receive, Responder, Scope, WhileConnected
from threegate.gateway.http_endpoint import HttpEndpoint
from threegate.gateway.long_bodies import read_body_of
from threegate.limits.admission import AdmissionSlot
from threegate.service.check import CheckResult
from threegate.service.dialects.base import Dialect, Reading, ServiceRequest, refuse_many
from threegate.service.engine import CheckEngine, OpenCheck, slots_of_check
from threegate.types import Caller
from threegate.wire.adapter import Body, Slot


@dataclass(frozen=True, slots=True)
class ServiceEndpoint(HttpEndpoint):
    dialect: Dialect
    engine: CheckEngine

    @property
    def name(self) -> str:
        return self.dialect.name

    def error_body(self, error: ThreegateError, language: str) -> Body | bytes:
        return self.dialect.error(error, language)

    def status(self, error: ThreegateError) -> int:
        return self.dialect.status(error)

    def presented(self, headers: Mapping[str, str]) -> str:
        return self.dialect.key(headers)

    async def serve(
        self, scope: Scope, receive: Receive, out: Responder, slot: AdmissionSlot
    ) -> None:
        async def opened(
            headers: Mapping[str, str], data: bytes, caller: Caller
        ) -> tuple[Reading, list[OpenCheck]]:
            request = ServiceRequest(scope["path"], scope["query_string"], headers, data)
            reading, slots = await read_body_of(len(data), partial(self._read, request))
            return reading, self._opened(reading, slots, request, caller, out, slot)

        reading, checks = await self.read(scope, receive, out, slot, opened)
        async with WhileConnected(scope, receive):
            results = await self._results(checks)
        await out.json(200, reading.answer(results))

    def _read(self, request: ServiceRequest) -> tuple[Reading, list[tuple[Slot, ...]]]:
        """The checks of a request, and the texts of each. Raises RequestError."""
        reading = self.dialect.read(request)
        refuse_many(len(reading.checks))
        return reading, [slots_of_check(check) for check in reading.checks]

    async def _results(self, checks: list[OpenCheck]) -> list[CheckResult]:
        if len(checks) == 1:  # needs no task of its own
            return [await self.engine.run(checks[0])]
        return await asyncio.gather(*map(self.engine.run, checks))

    def _opened(
        self,
        reading: Reading,
        slots: list[tuple[Slot, ...]],
        request: ServiceRequest,
        caller: Caller,
        out: Responder,
        slot: AdmissionSlot,
    ) -> list[OpenCheck]:
        """The headers of the answer are those of the first check."""
        outs = [out, *(replace(out, headers={}) for _ in reading.checks[1:])]
        alone = slot if len(reading.checks) == 1 else None
        where = self.name, request.path, request.headers, caller
        return [
            self.engine.open(check, *where, own, slot=alone, slots=texts)
            for check, own, texts in zip(reading.checks, outs, slots, strict=False)
        ]
