"""What every endpoint with a guarded body does around its own work: admission, reading, errors. A
subclass serves one API. All errors are answered here in that API's format, and refused requests
leave a record.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

from threegate.audit.log.record import NOBODY
from threegate.errors import ProtocolError, RequestError, ThreegateError
from threegate.gateway.access.auth import presented_key, refuse_foreign_page
from threegate.gateway.access.resolved_policy import PolicyResolver
from threegate.gateway.asgi import (
    DIRECT,
    ClientLeft,
    Receive,
    Responder,
    Scope,
    SendEvent,
    headers_of,
    read_request,
    wanted_language,
)
from threegate.gateway.deps import Deps
from threegate.gateway.telemetry.rejections import REQUEST_ID, Refusals
from threegate.limits.admission import AdmissionSlot
from threegate.types import Caller
from threegate.wire.adapter import Body
from threegate.wire.errors import status_of

log = logging.getLogger(__name__)

T = TypeVar("T")
Load = Callable[[Receive, Mapping[str, str]], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class HttpEndpoint(ABC):
    deps: Deps
    refusals: Refusals
    resolver: PolicyResolver = field(default_factory=PolicyResolver, repr=False, kw_only=True)

    @property
    @abstractmethod
    def name(self) -> str:
        """The API's name in records and metrics."""

    @abstractmethod
    def error_body(self, error: ThreegateError, language: str) -> Body | bytes: ...

    def status(self, error: ThreegateError) -> int:
        """The HTTP status for a request that ends in this error."""
        return status_of(error)

    @abstractmethod
    async def serve(
        self, scope: Scope, receive: Receive, out: Responder, slot: AdmissionSlot
    ) -> None: ...

    def presented(self, headers: Mapping[str, str]) -> str:
        """The API key of a request."""
        return presented_key(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: SendEvent) -> None:
        direct = scope.get("extensions", {}).get(DIRECT)
        out = Responder(send, language=_wanted(scope), direct=direct)
        self.deps.metrics.active.inc()
        try:
            with self.deps.admission.slot() as slot:
                await self.serve(scope, receive, out, slot)
        except ClientLeft:
            log.debug("client left")  # anybody may do so, as often as they like
        except ThreegateError as error:
            await self._error(out, error)
        except Exception as error:  # the ASGI boundary: nothing of the request may reach a log
            log.error("unexpected %s at %s", type(error).__name__, _place(error))
            await self._error(out, ProtocolError("unexpected error"))
        finally:
            self.deps.metrics.active.dec()

    async def _error(self, out: Responder, error: ThreegateError) -> None:
        status = str(status_of(error))
        self.deps.metrics.errors.labels(self.name, status).inc()
        if out.started:
            return
        body = self.error_body(error, out.language)
        await out.json(self.status(error), body, retry_after(error))

    async def read(
        self,
        scope: Scope,
        receive: Receive,
        out: Responder,
        slot: AdmissionSlot,
        opened: Callable[[Mapping[str, str], bytes, Caller], Awaitable[T]],
        load: Load = read_request,
    ) -> T:
        """The result of `opened` for headers, body (as read by `load`) and caller. Raises
        RequestError, which has been recorded, if the request is refused, and StoppingError."""
        caller = NOBODY
        try:
            slot.shed()
            headers = headers_of(scope)
            caller = await self.deps.authenticator.admit(self.presented(headers))
            refuse_foreign_page(headers, caller, self.deps.settings.cors)
            slot.enter()
            with self.deps.closing, self.deps.admission.arriving(caller.tenant):
                data = await load(receive, headers)
            await slot.wait_for_check()
            await self.deps.openings.enter()
            return await opened(headers, data, caller)
        except RequestError as error:
            known = replace(caller, route=scope["path"])
            if request_id := await self.refusals.note(error, self.name, known):
                out.headers[REQUEST_ID] = request_id
            raise


def _wanted(scope: Scope) -> str:
    """The wanted language, known before the headers are checked, which may be refused."""
    found = (v for k, v in scope["headers"] if k == b"accept-language")
    return wanted_language(next(found, b"").decode("latin-1"))


def retry_after(error: ThreegateError) -> dict[str, str]:
    """The `retry-after` header for answers that say "not now"."""
    if status_of(error) not in (429, 503):
        return {}
    seconds = getattr(error, "retry_after", None) or 1
    return {"retry-after": str(max(1, round(seconds)))}


def _place(error: BaseException) -> str:
    """Where it happened, for the log. The message may quote a request and is left out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "?"
