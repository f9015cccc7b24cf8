"""The gRPC server that Envoy calls, on a port of its own in every worker. Needs the extra `grpc`.

gRPC's own resolver would read the list of name servers to listen at an address of digits
(`threegate_classifiers.remote_grpc`).
"""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("GRPC_DNS_RESOLVER", "native")

import grpc
from starlette.routing import Route

from threegate.errors import RequestError
from threegate.gateway.access.resolved_policy import PolicyResolver
from threegate.gateway.asgi import Scope
from threegate.gateway.closing import CUT_S
from threegate.gateway.deps import Deps
from threegate.gateway.endpoint import Endpoint
from threegate.gateway.meta.endpoints import ALL_METHODS, MODEL_PATHS, MetaEndpoints
from threegate.gateway.router import Router
from threegate.gateway.telemetry.rejections import Refusals
from threegate.i18n.messages import localized
from threegate.service.ext_proc.exchange import CallerRecorder, EnvoyModelApi, Exchange
from threegate.service.ext_proc.inbox import Inbox
from threegate.service.ext_proc.messages import (
    MESSAGE,
    METHOD,
    BodyMode,
    error_answer,
    headers_in,
    part_of,
)
from threegate.service.ext_proc.processing import MODES, Processing
from threegate.settings import Settings
from threegate.settings.errors import wrong
from threegate.tasks import Tasks
from threegate.trust import require_readable, unusable
from threegate.wire import ADAPTERS
from threegate.wire.limits import MAX_BODY_BYTES, MAX_RESPONSE_BYTES

log = logging.getLogger(__name__)
BY_PATH = {path: adapter for adapter in ADAPTERS for path in adapter.paths}
OPTIONS = (
    ("grpc.max_receive_message_length", max(MAX_BODY_BYTES, MAX_RESPONSE_BYTES) + (1 << 20)),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 1),
)


@dataclass(slots=True)
class ExternalProcessor:
    """Model calls go to the proxy's endpoints with Envoy as model API; everything else (lists of
    models, refusals) the proxy answers itself."""

    deps: Deps
    refusals: Refusals
    plain: Router
    resolver: PolicyResolver = field(default_factory=PolicyResolver)
    calls: Tasks = field(default_factory=Tasks)

    @classmethod
    def of(cls, deps: Deps) -> ExternalProcessor:
        refusals = Refusals(deps.audit)
        meta = MetaEndpoints(deps, dict, refusals)
        models = [Route(path, meta.models, methods=["GET"]) for path in MODEL_PATHS]
        plain = Router([*models, Route("/{path:path}", meta.other, methods=ALL_METHODS)])
        return cls(deps, refusals, plain)

    async def process(self, _: Any, context: Any) -> None:
        """One HTTP request of Envoy."""
        try:
            whole = await self._process(context)
        except Exception as error:  # gRPC would log its message, which may quote a request
            log.error("ext_proc: unexpected %s", type(error).__name__)
            whole = False
        if not whole:
            await context.abort(grpc.StatusCode.INTERNAL, "not judged")

    async def _process(self, context: Any) -> bool:
        async def read() -> Any:
            message = await context.read()
            return None if message is grpc.aio.EOF else message

        first = await read()
        if first is None or part_of(first) != "request_headers" or first.observability_mode:
            return False
        modes = _modes(first)
        if not all(mode in MODES for mode in modes):
            await context.write(_misconfigured())
            return True
        scope = _scope(first.request_headers)
        exchange = Exchange({k.decode(): v.decode("latin-1") for k, v in scope["headers"]})
        call = self.calls.spawn(self._serve(scope, exchange))
        processing = Processing(exchange, Inbox(exchange, read), context.write, *modes)
        try:
            return await processing.run(has_body=not first.request_headers.end_of_stream)
        finally:
            exchange.leave()
            await call

    async def _serve(self, scope: Scope, exchange: Exchange) -> None:
        adapter = BY_PATH.get(scope["path"])
        if adapter is None or scope["method"] != "POST":
            await self.plain(scope, exchange.receive, exchange.send)
            return
        deps = replace(
            self.deps,
            authenticator=CallerRecorder(self.deps.authenticator, exchange),
            model_api_override=EnvoyModelApi(self.deps.upstreams, exchange),
        )
        endpoint = Endpoint(deps, self.refusals, adapter, resolver=self.resolver)
        await endpoint(scope, exchange.receive, exchange.send)


def _misconfigured() -> Any:
    """Sent to the client too: with `failure_mode_allow` an error of the stream would let the call
    continue."""
    error = RequestError(localized("ext-proc-modes"), status=500, code="ext_proc_modes")
    log.error("%s", error)
    return error_answer(error, error.status)


def _modes(first: Any) -> tuple[BodyMode, BodyMode]:
    """The modes of the request's body and of the answer's. If Envoy does not state them, nothing
    that it sends can be relied on."""
    config = first.protocol_config
    known = {mode.value: mode for mode in BodyMode}
    of_request = known.get(config.request_body_mode, BodyMode.NONE)
    return of_request, known.get(config.response_body_mode, BodyMode.NONE)


def _scope(request_headers: Any) -> Scope:
    given = headers_in(request_headers.headers)
    named = dict(given)
    path, _, query = named.get(":path", b"").decode("latin-1").partition("?")
    return {
        "type": "http",
        "method": named.get(":method", b"").decode("latin-1"),
        "path": path,
        "query_string": query.encode("latin-1"),
        "headers": [(k.encode(), v) for k, v in given if not k.startswith(":")],
    }


@asynccontextmanager
async def ext_proc_server(deps: Deps) -> AsyncIterator[int]:
    """The port that it listens on. Raises SettingsError if the address is not available."""
    server = grpc.aio.server(options=OPTIONS)
    processor = ExternalProcessor.of(deps)
    server.add_generic_rpc_handlers((_handler(processor),))
    port = _listening(server, deps.settings)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(deps.closing.begin(deps.settings.drain) + CUT_S)
        await processor.calls.cancel()


def _listening(server: Any, settings: Settings) -> int:
    place = f"{settings.host_in_url}:{settings.ext_proc_port}"
    credentials = _credentials(settings)
    try:
        if credentials is None:
            return int(server.add_insecure_port(place))
        return int(server.add_secure_port(place, credentials))
    except RuntimeError:
        raise wrong("no-listening", where=place, why="gRPC") from None


def _credentials(settings: Settings) -> Any:
    """None if no file is named. gRPC itself would listen even with files that no client accepts."""
    cert, key, ca = settings.ext_proc_cert, settings.ext_proc_key, settings.ext_proc_client_ca
    if not (cert or key or ca):
        return None
    try:
        require_readable(cert, key, ca)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key, password="")  # never prompts for a passphrase
        if ca:
            context.load_verify_locations(ca)
        pair, trusted = [(_read(key), _read(cert))], _read(ca) if ca else None
    except (OSError, ValueError) as error:
        raise wrong("ext-proc-tls", why=unusable(error)) from None
    return grpc.ssl_server_credentials(pair, trusted, require_client_auth=bool(ca))


def _read(path: str) -> bytes:
    return Path(path).read_bytes()


def _handler(processor: ExternalProcessor) -> Any:
    service, _, method = METHOD.lstrip("/").partition("/")
    made = grpc.stream_stream_rpc_method_handler(
        processor.process,
        request_deserializer=MESSAGE["ProcessingRequest"].FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )
    return grpc.method_handlers_generic_handler(service, {method: made})
