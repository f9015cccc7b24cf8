"""One HTTP request between Envoy and the guarded endpoint: an ASGI call whose model API is Envoy.

The endpoint reads the request with `receive`, sends the model's request with `EnvoyModelApi.send`,
reads the reply and answers with `send`. The code that talks to Envoy (`processing`) fills in what
arrives from there and waits with `until`.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from threegate.errors import UpstreamError
from threegate.gateway.access.auth import ONWARD, Key, onward
from threegate.gateway.deps import Authenticator
from threegate.guard.known_secrets import KnownSecrets
from threegate.i18n.messages import localized
from threegate.types import Caller
from threegate.upstream import ModelRequest, Reply, Take, Upstreams
from threegate.upstream.connections import refuse_unexpected
from threegate.upstream.headers import returned
from threegate.upstream.tokens import ModelTokenizer

MAX_WAITING = 1 << 20
"""Bytes of an answer that Envoy has not taken yet; above this the model waits."""


@dataclass(slots=True)
class EnvoyReply:
    """The model's answer as received from Envoy. `feed` adds a piece, `end` is called after the
    last; `drained`: everything has been read and more is wanted."""

    exchange: Exchange
    status: int
    headers: Mapping[str, str]
    starts_in_reasoning: bool = False
    own_key: bool = False
    drained: bool = False
    _pieces: deque[bytes] = field(default_factory=deque, repr=False)
    _ended: bool = False

    def feed(self, data: bytes) -> None:
        self._pieces.append(data)
        self.drained = False
        self.exchange.changed.set()

    def end(self) -> None:
        self._ended = True
        self.drained = False
        self.exchange.changed.set()

    async def chunks(self, take: Take | None = None) -> AsyncIterator[bytes]:
        while True:
            while self._pieces:
                yield self._pieces.popleft()
            if self._ended:
                return
            if self.exchange.gone:
                raise UpstreamError(localized("upstream-broke-off"))
            self.drained = True
            self.exchange.changed.set()
            await self.exchange.until(lambda: not self.drained or self.exchange.gone)

    async def aclose(self) -> None:
        pass


@dataclass(slots=True)
class Exchange:
    """`headers` are those of the request. `body` is the whole body once it has arrived; `wanted`
    says that the endpoint reads it, which it does only for an admitted caller. `sent` is what goes
    to the model. The answer: `status` once it has begun, `out` what Envoy has not taken, `ended`.
    """

    headers: Mapping[str, str] = field(repr=False)
    changed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    caller: Caller = field(default_factory=Caller)
    gone: bool = False
    wanted: bool = False
    body: bytes | None = field(default=None, repr=False)
    sent: bytes | None = field(default=None, repr=False)
    reply: EnvoyReply | None = None
    status: int = 0
    answer_headers: dict[str, str] = field(default_factory=dict, repr=False)
    out: bytearray = field(default_factory=bytearray, repr=False)
    ended: bool = False
    _read: bool = False

    async def until(self, fact: Callable[[], Any]) -> None:
        while not fact():
            self.changed.clear()
            await self.changed.wait()

    def leave(self) -> None:
        """Envoy's stream has ended, and so has the client."""
        self.gone = True
        self.changed.set()

    def begin_reply(self, status: int, headers: Mapping[str, str]) -> EnvoyReply:
        self.reply = EnvoyReply(self, status, headers)
        self.changed.set()
        return self.reply

    def take(self, limit: int | None = None) -> bytes:
        """Bytes of the answer for Envoy."""
        taken = bytes(self.out[:limit])
        del self.out[:limit]
        self.changed.set()
        return taken

    async def taken(self, fact: Callable[[], Any]) -> bytes:
        """All bytes of the answer until a condition holds. They must be taken meanwhile, because
        the endpoint waits while many are not."""
        data = bytearray()
        while True:
            await self.until(lambda: fact() or len(self.out) >= MAX_WAITING)
            data += self.take()
            if fact():
                return bytes(data)

    async def receive(self) -> dict[str, Any]:
        self.wanted = True
        self.changed.set()
        await self.until(lambda: self.gone or (self.body is not None and not self._read))
        if self.gone:
            return {"type": "http.disconnect"}
        self._read = True
        return {"type": "http.request", "body": self.body}

    async def send(self, event: MutableMapping[str, Any]) -> None:
        await self.until(lambda: self.gone or len(self.out) < MAX_WAITING)
        if event["type"] == "http.response.start":
            self.status = event["status"]
            pairs = event["headers"]
            self.answer_headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in pairs}
        else:
            self.out += event.get("body", b"")
            self.ended = not event.get("more_body", False)
        self.changed.set()

    def request_changes(self) -> tuple[dict[str, str], tuple[str, ...]]:
        """Headers of the request to set and to remove, so that no key of ours reaches the model,
        its answer can be read, and the body is read in the encoding in which it was checked."""
        kept = onward(self.headers, self.caller)
        changed = {n: v for n, v in kept.items() if self.headers.get(n) != v} | JSON
        removed = tuple(n for n in self.headers if n not in kept or n in (*ONWARD, *ENCODINGS))
        return changed, removed


ENCODINGS = ("accept-encoding", "te")
JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class CallerRecorder:
    """An authenticator that notes the admitted caller in an exchange."""

    inner: Authenticator
    exchange: Exchange

    @property
    def open_to_all(self) -> bool:
        return self.inner.open_to_all

    @property
    def keys(self) -> Sequence[Key]:
        return self.inner.keys

    @property
    def tenants(self) -> frozenset[str]:
        return self.inner.tenants

    async def admit(self, presented: str) -> Caller:
        self.exchange.caller = await self.inner.admit(presented)
        return self.exchange.caller


@dataclass(frozen=True, slots=True)
class EnvoyModelApi:
    """The model API of one exchange: Envoy forwards the request and reports the reply. The settings
    of an upstream that serves the model apply here too."""

    upstreams: Upstreams
    exchange: Exchange

    @property
    def secrets(self) -> KnownSecrets:
        return self.upstreams.secrets

    def tokenizer(self, model: str, tenant: str = "") -> ModelTokenizer | None:
        return self.upstreams.tokenizer(model, tenant)

    async def send(self, request: ModelRequest) -> Reply:
        self.exchange.sent = request.body
        self.exchange.changed.set()
        await self.exchange.until(lambda: self.exchange.reply or self.exchange.gone)
        reply = self.exchange.reply
        if reply is None:
            raise UpstreamError(localized("upstream-broke-off"))
        refuse_unexpected(reply.status, reply.headers)
        reply.headers = returned(reply.headers, self.secrets)
        serving = self.upstreams.find_serving(request.model, request.tenant)
        reply.starts_in_reasoning = any(t.settings.starts_in_reasoning for t in serving)
        return reply
