"""The guard in this process: the server's engine without a socket. Settings as for `serve`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from threegate_classifiers.errors import ClassifierError

from threegate import settings as settings_module
from threegate.client.results import GuardError
from threegate.client.transport import CHECK, STREAM, HomeLoop, Json
from threegate.errors import ThreegateError
from threegate.gateway.asgi import Responder
from threegate.gateway.telemetry.rejections import Refusals
from threegate.parts import opened
from threegate.service.check import Check
from threegate.service.check_stream import check_stream
from threegate.service.dialects.guard_check import (
    OPEN,
    REQUEST,
    answer_check,
    check_of,
    result_json,
)
from threegate.service.engine import CheckEngine, OpenCheck
from threegate.settings import Settings
from threegate.types import Caller, Channel
from threegate.wire.adapter import StreamKey
from threegate.wire.errors import openai_error
from threegate.wire.request_schema import check_shape

ENDPOINT = "library"
"""The API's name in records and metrics."""


@dataclass(slots=True)
class LocalTransport:
    """Opened once, at the first call, and used in that call's loop alone. `aclose` writes
    everything that is waiting."""

    settings: Settings
    caller: Caller
    _engine: CheckEngine | None = field(default=None, repr=False)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack, repr=False)
    _home: HomeLoop = field(default_factory=HomeLoop, repr=False)
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    @classmethod
    def of(cls, tenant: str, given: dict[str, Any]) -> LocalTransport:
        """`config` names the settings file. Raises SettingsError."""
        options = {name: value for name, value in given.items() if name != "config"}
        file = Path(given["config"]) if given.get("config") else None
        return cls(settings_module.load(given=options, file=file), Caller(tenant=tenant))

    async def check(self, body: Json) -> Json:
        try:
            check_shape(body, REQUEST)
            check = check_of(body)
            engine = await self._opened()
            with engine.deps.admission.slot() as slot:
                slot.enter()
                await slot.wait_for_check()
                result = await engine.run(self._open(engine, check, CHECK))
        except ThreegateError as error:
            raise _refused(error) from None
        return result_json(check, result, len(body.get("texts") or ()))

    async def stream(
        self, body: Json, pieces: AsyncIterable[str], channel: str
    ) -> AsyncIterator[Json]:
        key = StreamKey(0, Channel(channel))
        try:
            check_shape(body, OPEN)
            check = answer_check(body)
            engine = await self._opened()
            opened = self._open(engine, check, STREAM, streamed=True)
            async with check_stream(engine, opened) as stream:
                async for piece in pieces:
                    await stream.append(key, piece)
                    while stream.full and not stream.over:
                        await stream.wait()
                    for text in stream.take().values():
                        yield {"release": text}
                    if stream.over:
                        break
                if not stream.over:
                    stream.close()
                while not stream.over:
                    await stream.wait()
                for text in stream.take().values():
                    yield {"release": text}
                yield {"end": result_json(check, await stream.end())}
        except ThreegateError as error:
            raise _refused(error) from None

    async def aclose(self) -> None:
        await self._stack.aclose()
        self._engine = None
        self._home.leave()
        self._opening = asyncio.Lock()  # the old one is of the old loop

    async def _opened(self) -> CheckEngine:
        self._home.enter()
        async with self._opening:
            self._engine = self._engine or await self._open_engine()
        return self._engine

    async def _open_engine(self) -> CheckEngine:
        try:
            deps = await self._stack.enter_async_context(opened(self.settings))
        except (ThreegateError, ClassifierError) as error:
            why = f"the guard could not start: {error}"
            raise GuardError(why, 503, "not_started") from None
        return CheckEngine(deps, Refusals(deps.audit))

    def _open(
        self, engine: CheckEngine, check: Check, path: str, *, streamed: bool = False
    ) -> OpenCheck:
        out = Responder(_nowhere)
        return engine.open(check, ENDPOINT, path, {}, self.caller, out, streamed=streamed)


async def _nowhere(event: dict[str, Any]) -> None:
    """Does nothing: there is no client to send to."""


def _refused(error: ThreegateError) -> GuardError:
    body = openai_error(error)["error"]
    return GuardError(str(body["message"]), error.status, error.code)
