"""The demo upstream: an R1-shaped scripted model with every API, for the first run, the demo
and the tests. Binds to nothing itself: it is an ASGI app.

`DemoUpstream().app` answers official clients. `received` holds the last requests (also
`GET /demo/received`); `play` scripts the bytes of the next answers, cut anywhere, with delays;
`prompts` lists the directives for faults.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from threegate.testing import prompts, shapes
from threegate.testing.playback import PiecesResponse, Played, with_faults
from threegate.testing.responses import Responses
from threegate.testing.scripts import Prompt, Reply, reply_to

Json = dict[str, Any]
KEPT_REQUESTS: Final = 100
MODELS: Final = ("deepseek-r1", "deepseek-chat", "demo-embed")
_BOMB_BYTES: Final = 64 << 20
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


ApiShape = tuple[Callable[[Json, str], Prompt], Callable[[Prompt, Reply, Json], Shape]]

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
    """One demo model. With `api_key` it refuses requests that do not carry it."""

    def __init__(self, *, api_key: str | None = None) -> None:
        self._api_key = api_key
        self._script: deque[Played] = deque()
        self.received: deque[Received] = deque(maxlen=KEPT_REQUESTS)
        self.aborted = 0  # answers whose client left before the end
        self.app = Starlette(routes=self._routes())

    def play(self, pieces: Iterable[bytes], **how: Any) -> None:
        """Answer the next request with these bytes; `how` as in `Played`."""
        self._script.append(Played(tuple(pieces), **how))

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
            body, refused = await self._take(request)
            if refused is not None:
                return refused
            prompt = read(body, request.headers.get("x-threegate-demo", ""))
            if (fault := await self._fault(prompt)) is not None:
                return fault
            answer = shape(prompt, reply_to(prompt), body)
            return self._answer(answer, prompt, streamed=body.get("stream") is True)

        return endpoint

    async def _take(self, request: Request) -> tuple[Json, Response | None]:
        """The body of a request, noted, and a refusal or scripted answer if there is one."""
        try:
            body = json.loads(await request.body())
        except ValueError:
            return {}, _error(400, "Failed to parse the request body as JSON")
        self.received.append(Received(request.url.path, dict(request.headers), body))
        if not isinstance(body, dict):
            return {}, _error(400, "The request body is not an object")
        if not self._authorised(request):
            return body, _error(401, "Authentication Fails (no such user)", "authentication_error")
        if self._script:
            return body, PiecesResponse(self._script.popleft(), self._note_abort)
        return body, None

    def _authorised(self, request: Request) -> bool:
        if self._api_key is None:
            return True
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        return self._api_key in (bearer, request.headers.get("x-api-key"))

    def _note_abort(self) -> None:
        self.aborted += 1

    async def _fault(self, prompt: Prompt) -> Response | None:
        options = prompt.options
        await anyio.sleep(float(options.get("delay") or 0))
        if "hang" in options:
            return PiecesResponse(Played((), hang=True), self._note_abort)
        if "status" in options:
            return _error(int(options["status"]), f"demo fault {options['status']}")
        if "redirect" in options:
            return RedirectResponse("http://127.0.0.1:9/", 307)
        if "bomb" in options:
            headers = {"content-encoding": "gzip"}
            return Response(gzip.compress(bytes(_BOMB_BYTES)), 200, headers, "application/json")
        return None

    def _answer(self, answer: Shape, prompt: Prompt, *, streamed: bool) -> Response:
        options = prompt.options
        if streamed:
            return PiecesResponse(with_faults(list(answer.events()), options), self._note_abort)
        text = json.dumps(answer.body(), ensure_ascii=False, separators=(",", ":")).encode()
        if "garbage" in options:
            text = b'{"choices": [oops'
        blank = b"\n\n\n" if "keepalive" in options else b""
        pieces = (blank + text[: len(text) // 2],) if "cut" in options else (blank, text)
        whole = Played(
            tuple(p for p in pieces if p),
            media_type="application/json",
            finish="cut" not in options,
        )
        return PiecesResponse(whole, self._note_abort)

    async def _embeddings(self, request: Request) -> Response:
        body, refused = await self._take(request)
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


def _error(status: int, message: str, kind: str = "invalid_request_error") -> JSONResponse:
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
