"""The demo upstream: an R1-shaped scripted model with every API, for the first run and the demo.
Binds to nothing itself: it is an ASGI app.

`DemoUpstream().app` answers official clients. `received` holds the last requests (also
`GET /demo/received`); `prompts` lists the directives for the shape of an answer.
"""

from __future__ import annotations

import base64
import json
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from threegate.testing import prompts, shapes
from threegate.testing.responses import Responses
from threegate.testing.scripts import Prompt, Reply, reply_to

Json = dict[str, Any]
KEPT_REQUESTS: Final = 100
MODELS: Final = ("deepseek-r1", "deepseek-chat", "demo-embed")
_EMBEDDING_SIZE: Final = 8
_EMBEDDING_PATHS: Final = ("/v1/embeddings", "/embeddings")
_SECRET_HEADERS: Final = frozenset(("authorization", "x-api-key"))


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it arrived. Header names in lower case."""

    path: str
    headers: dict[str, str] = field(repr=False)
    body: Any = field(repr=False)


class Shape(Protocol):
    """A reply in the shape of one API."""

    def body(self) -> Json: ...
    def events(self) -> Iterator[bytes]: ...


ApiShape = tuple[Callable[[Json], Prompt], Callable[[Prompt, Reply, Json], Shape]]

APIS: Final[tuple[tuple[tuple[str, ...], ApiShape], ...]] = (
    (
        ("/v1/chat/completions", "/chat/completions", "/beta/chat/completions"),
        (prompts.from_chat, shapes.Chat),
    ),
    (
        ("/v1/completions", "/completions", "/beta/completions"),
        (prompts.from_completions, shapes.Completions),
    ),
    (("/v1/responses", "/responses"), (prompts.from_responses, Responses)),
    (("/v1/messages", "/anthropic/v1/messages"), (prompts.from_messages, shapes.Messages)),
)


class DemoUpstream:
    """One demo model."""

    def __init__(self) -> None:
        self.received: deque[Received] = deque(maxlen=KEPT_REQUESTS)
        self.app = Starlette(routes=self._routes())

    def _routes(self) -> list[Route]:
        routes = [
            Route(path, self._endpoint(api), methods=["POST"])
            for paths, api in APIS
            for path in paths
        ]
        return [
            *routes,
            *(Route(p, self._embeddings, methods=["POST"]) for p in _EMBEDDING_PATHS),
            *(Route(p, self._models) for p in ("/v1/models", "/models")),
            *(Route(p, self._balance) for p in ("/user/balance", "/v1/user/balance")),
            Route("/demo/received", self._show_received),
        ]

    def _endpoint(self, api: ApiShape) -> Callable[[Request], Any]:
        read, shape = api

        async def endpoint(request: Request) -> Response:
            body, refused = await self.take(request)
            if refused is not None:
                return refused
            prompt = read(body)
            answer = shape(prompt, reply_to(prompt), body)
            return await self.respond(answer, prompt, streamed=body.get("stream") is True)

        return endpoint

    async def take(self, request: Request) -> tuple[Json, Response | None]:
        """The body of a request, noted, and a refusal if it cannot be read."""
        try:
            body = json.loads(await request.body())
        except ValueError:
            return {}, error_response(400, "Failed to parse the request body as JSON")
        self.received.append(Received(request.url.path, dict(request.headers), body))
        if not isinstance(body, dict):
            return {}, error_response(400, "The request body is not an object")
        return body, None

    async def respond(self, answer: Shape, prompt: Prompt, *, streamed: bool) -> Response:
        if streamed:
            return StreamingResponse(_each(answer.events()), media_type="text/event-stream")
        text = json.dumps(answer.body(), ensure_ascii=False, separators=(",", ":"))
        return Response(text, media_type="application/json")

    async def _embeddings(self, request: Request) -> Response:
        body, refused = await self.take(request)
        if refused is not None:
            return refused
        given = body.get("input")
        texts = given if isinstance(given, list) else [given]
        shape = _base64 if body.get("encoding_format") == "base64" else list
        data = [
            {"object": "embedding", "index": index, "embedding": shape(_embedding(str(text)))}
            for index, text in enumerate(texts)
        ]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        return JSONResponse(
            {"object": "list", "data": data, "model": body.get("model"), "usage": usage}
        )

    async def _models(self, request: Request) -> Response:
        entry = {"object": "model", "created": shapes.CREATED, "owned_by": "threegate-demo"}
        return JSONResponse({"object": "list", "data": [{"id": name, **entry} for name in MODELS]})

    async def _balance(self, request: Request) -> Response:
        amounts = {"total_balance": "110.00", "granted_balance": "10.00"}
        info = {"currency": "CNY", **amounts, "topped_up_balance": "100.00"}
        return JSONResponse({"is_available": True, "balance_infos": [info]})

    async def _show_received(self, request: Request) -> Response:
        """The last requests, newest last; keys in headers are not shown."""
        return JSONResponse(
            [
                {
                    "path": one.path,
                    "headers": {
                        name: "***" if name in _SECRET_HEADERS else value
                        for name, value in one.headers.items()
                    },
                    "body": one.body,
                }
                for one in self.received
            ]
        )


async def _each(events: Iterator[bytes]) -> AsyncIterator[bytes]:
    for event in events:
        yield event


def error_response(status: int, message: str, kind: str = "invalid_request_error") -> JSONResponse:
    kind = kind if status < 500 else "server_error"
    error = {"message": message, "type": kind, "param": None, "code": None}
    return JSONResponse({"error": error}, status)


def _base64(vector: list[float]) -> str:
    """Little-endian single precision, as the OpenAI API sends it."""
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def _embedding(text: str) -> list[float]:
    """A vector that depends on the text, of length one at most."""
    sums = [0] * _EMBEDDING_SIZE
    for index, code in enumerate(text.encode()):
        sums[index % _EMBEDDING_SIZE] += code
    total = sum(sums) or 1
    return [round(value / total, 6) for value in sums]
