"""`GET /metrics`: what Prometheus reads. Which rules act, and how often, is nothing for callers: on
the port of the API it needs a key of its own, unless that port is on loopback."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

import orjson
from starlette.requests import Request
from starlette.responses import Response

from threegate.gateway.access.auth import presented_key, refused
from threegate.gateway.asgi import wanted_language
from threegate.gateway.deps import Deps
from threegate.wire.errors import openai_error, status_of


@dataclass(frozen=True, slots=True)
class MetricsEndpoint:
    deps: Deps
    key: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        settings = self.deps.settings
        key = settings.secret(settings.metrics_key_env, "metrics_key_env")
        object.__setattr__(self, "key", key)

    async def answer(self, request: Request) -> Response:
        if not self._admits(presented_key(request.headers)):
            error, language = refused(), request.headers.get("accept-language", "")
            body = orjson.dumps(openai_error(error, wanted_language(language)))
            return Response(body, status_of(error), media_type="application/json")
        text, content_type = self.deps.metrics.exposition(request.headers.get("accept", ""))
        return Response(text, headers={"content-type": content_type})

    def _admits(self, presented: str) -> bool:
        if not self.key:
            settings = self.deps.settings
            return settings.loopback or settings.metrics_port > 0
        return hmac.compare_digest(self.key.encode(), presented.encode())
