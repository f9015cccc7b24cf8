"""A request to a model API, and its answer as it arrives; pauses and the whole duration are
bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp

from threegate.errors import UpstreamError
from threegate.guard.known_secrets import ByteScrubber, KnownSecrets
from threegate.i18n.messages import localized
from threegate.types import frozen
from threegate.upstream.body_reader import BodyReader, Take, offered
from threegate.upstream.target import Target
from threegate.upstream.tokens import ModelTokenizer


@frozen
class ModelRequest:
    """`model` and `tenant` determine which upstreams may get it; empty: any."""

    method: str
    path: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    model: str = ""
    tenant: str = ""


class Reply(Protocol):
    """An answer of a model API. `chunks` ends with UpstreamError if the answer breaks off. A chunk
    that arrives while the next one is awaited may be given to `take`, which returns whether it has
    taken it; what `take` raises, `chunks` raises. The owner of a reply must close it."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that the client may see, with lower-case names."""
        ...

    @property
    def starts_in_reasoning(self) -> bool: ...
    @property
    def own_key(self) -> bool:
        """Whether the proxy's key was sent, not the client's."""
        ...

    def chunks(self, take: Take | None = None) -> AsyncIterator[bytes]: ...
    async def aclose(self) -> None: ...


class ModelApi(Protocol):
    """The interface that calls the model: the upstreams, or a gateway that does it for us
    (`service.ext_proc`). `secrets` are keys that must never reach a client."""

    @property
    def secrets(self) -> KnownSecrets: ...
    def tokenizer(self, model: str, tenant: str = "") -> ModelTokenizer | None: ...
    async def send(self, request: ModelRequest) -> Reply:
        """Raises UpstreamError."""
        ...


@dataclass(slots=True)
class HttpReply:
    """The reply of an upstream. `until` is the loop time by which the answer must be complete."""

    status: int
    headers: Mapping[str, str]
    response: aiohttp.ClientResponse = field(repr=False)
    target: Target
    until: float
    first: bytes | None  # of the body, if they arrived soon
    trial: bool = False  # tests whether the upstream is back after a pause
    secrets: KnownSecrets = field(default_factory=KnownSecrets, repr=False)
    broke_off: Callable[[str], None] = lambda code: None  # called when it does
    closed: bool = False

    @property
    def starts_in_reasoning(self) -> bool:
        return self.target.settings.starts_in_reasoning

    @property
    def own_key(self) -> bool:
        return bool(self.target.key)

    def chunks(self, take: Take | None = None) -> AsyncIterator[bytes]:
        """The body, without the proxy's own keys."""
        return self._scrubbed(take) if self.secrets else self._chunks(take)

    async def _scrubbed(self, take: Take | None) -> AsyncIterator[bytes]:
        scrubber = ByteScrubber(self.secrets)
        refused = _Refused(scrubber, take)
        async for chunk in self._chunks(refused.take if take is not None else None):
            if data := refused.rest(chunk):
                yield data
        if data := scrubber.feed(b"", final=True):
            yield data

    async def _chunks(self, take: Take | None) -> AsyncIterator[bytes]:
        content = self.response.content
        try:
            chunk = await self._begin() if self.first is None else self.first
            silence = _Silence(content, self.target.settings.idle_s, self.until)
            if take is not None:
                offered(content, take, silence.begins)
            try:
                while chunk:
                    yield chunk
                    if not (chunk := content.read_nowait()):
                        silence.begins()
                        chunk = await content.readany()
                        silence.ends()
            finally:
                silence.over()
                if isinstance(content, BodyReader):
                    content.keep()
        except TimeoutError:
            self._failed("upstream_timeout")
            silent = localized("upstream-silent")
            raise UpstreamError(silent, status=504, code="upstream_timeout") from None
        except (aiohttp.ClientError, OSError):
            self._failed("upstream_error")
            raise UpstreamError(localized("upstream-broke-off")) from None
        if self.status < 500:
            self.target.health.succeeded()

    def _failed(self, code: str) -> None:
        self.target.health.failed()
        self.broke_off(code)

    async def _begin(self) -> bytes:
        now = asyncio.get_running_loop().time()
        async with asyncio.timeout(min(self.target.settings.first_byte_s, self.until - now)):
            return await self.response.content.readany()

    async def aclose(self) -> None:
        if not self.closed:
            self.closed = True
            self.response.close()
            self.target.give_back(trial=self.trial)


@dataclass(slots=True)
class _Refused:
    """Chunks without the proxy's own keys for one who may refuse them."""

    scrubber: ByteScrubber
    wanted: Take | None
    size: int = 0  # of a chunk that was refused: the next one to be read begins with it
    clean: bytes = b""

    def take(self, chunk: bytes) -> bool:
        clean = self.scrubber.feed(chunk)
        if not clean or (self.wanted is not None and self.wanted(clean)):
            return True
        self.size, self.clean = len(chunk), clean
        return False

    def rest(self, chunk: bytes) -> bytes:
        """The chunk as it may be read."""
        size, clean, self.size, self.clean = self.size, self.clean, 0, b""
        return clean + self.scrubber.feed(chunk[size:])


class _Silence:
    """Ends a read that waits longer than `seconds`, and any read after `until`, with one timer per
    answer instead of one per chunk."""

    def __init__(self, content: aiohttp.StreamReader, seconds: float, until: float) -> None:
        self._content, self._seconds, self._until = content, seconds, until
        self._loop = asyncio.get_running_loop()
        self._since: float | None = None
        self._timer = self._loop.call_later(self._next(self._loop.time(), 0.0), self._look)

    def begins(self) -> None:
        """A read starts waiting."""
        self._since = self._loop.time()

    def ends(self) -> None:
        """The read has received something."""
        self._since = None

    def over(self) -> None:
        self._timer.cancel()

    def _next(self, now: float, waited: float) -> float:
        return max(0.0, min(self._seconds - waited, self._until - now))

    def _look(self) -> None:
        now = self._loop.time()
        waited = 0.0 if self._since is None else now - self._since
        if (left := self._next(now, waited)) > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self._content.set_exception(TimeoutError())
