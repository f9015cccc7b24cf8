"""Sends a request to one of the upstreams, and to the next one as long as no answer has begun."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, Protocol

import aiohttp

from threegate.errors import RequestError, UpstreamError
from threegate.guard.known_secrets import KnownSecrets
from threegate.i18n.messages import localized
from threegate.settings import UpstreamSettings
from threegate.settings.errors import wrong
from threegate.tasks import Tasks
from threegate.trust import client_tls, unusable
from threegate.upstream import headers as crossing
from threegate.upstream.connections import Connections, accepted, first_bytes
from threegate.upstream.health import Health
from threegate.upstream.reply import HttpReply, ModelRequest, Reply
from threegate.upstream.target import Target
from threegate.upstream.tokens import ModelTokenizer, tokenizer_of

log = logging.getLogger(__name__)

DOWN_STATUSES = frozenset({502, 503, 504})
"""Statuses that mean that an upstream is unhealthy. A 500 may be caused by the request itself and
must not take the upstream away from everybody else."""

RETRY_STATUSES = DOWN_STATUSES | {429}
"""Statuses after which another upstream is tried, if there is one."""

MISCONFIGURED = frozenset({"upstream_redirect", "upstream_encoding"})
"""An upstream that is healthy but misconfigured; a pause does not help."""


class UpstreamObserver(Protocol):
    """Receives events, for metrics."""

    def answered(self, upstream: str, outcome: str, seconds: float) -> None:
        """One attempt: its status or error code."""
        ...

    def upstream_is(self, upstream: str, *, up: bool) -> None: ...
    def retried(self, upstream: str) -> None:
        """The attempt at this upstream failed and another one is made."""
        ...

    def broke_off(self, upstream: str) -> None:
        """An answer that had begun did not complete."""
        ...


class NoObserver:
    def answered(self, upstream: str, outcome: str, seconds: float) -> None: ...
    def upstream_is(self, upstream: str, *, up: bool) -> None: ...
    def retried(self, upstream: str) -> None: ...
    def broke_off(self, upstream: str) -> None: ...


@dataclass(slots=True)
class Upstreams:
    """Made inside a running loop. `keys` are the proxy's own, by upstream."""

    settings: tuple[UpstreamSettings, ...]
    keys: Mapping[str, str] = field(repr=False)
    watch: UpstreamObserver = field(default_factory=NoObserver, repr=False)
    targets: tuple[Target, ...] = field(init=False)
    connections: Connections = field(init=False, repr=False)
    secrets: KnownSecrets = field(init=False, repr=False)
    _checks: Tasks = field(default_factory=Tasks, init=False, repr=False)
    _turn: Any = field(default_factory=count, init=False, repr=False)

    def __post_init__(self) -> None:
        self.secrets = KnownSecrets.of(self.keys.values())
        self.targets = tuple(self._target(s) for s in self.settings)
        self.connections = Connections()  # last, because nobody would close it if something raised
        for target in self.targets:
            self.watch.upstream_is(target.name, up=True)
            if target.settings.health_path:
                self._checks.spawn(self._check(target))

    def _target(self, settings: UpstreamSettings) -> Target:
        health = Health(settings, partial(self._changed, settings.name))
        key, tokenizer = self.keys.get(settings.name, ""), tokenizer_of(settings.tokenizer)
        return Target(settings, health, key, tokenizer, _tls(settings))

    def _changed(self, name: str, up: bool) -> None:
        log.warning("upstream %s is %s", name, "back" if up else "away")
        self.watch.upstream_is(name, up=up)

    async def aclose(self) -> None:
        await self._checks.cancel()
        await self.connections.aclose()

    def find_serving(self, model: str, tenant: str = "") -> list[Target]:
        return [t for t in self.targets if t.serves(model, tenant)]

    def serving(self, model: str, tenant: str = "") -> list[Target]:
        """All upstreams that serve a model to a tenant; all for a call without a model."""
        if not (fit := self.find_serving(model, tenant)):
            raise UpstreamError(localized("no-model"), status=404, code="model_not_found")
        return fit

    def tokenizer(self, model: str, tenant: str = "") -> ModelTokenizer | None:
        """The tokenizer of the model; None if no upstream that serves it names one."""
        found = (t.tokenizer for t in self.find_serving(model, tenant))
        return next((t for t in found if t is not None), None)

    def candidates(self, model: str, tenant: str = "") -> list[Target]:
        """The available upstreams in order: the first chosen by weighted round robin; those with
        weight 0 only when no other is left."""
        fit = self.serving(model, tenant)
        ready = [t for t in fit if t.health.admits()]
        if not ready:
            raise _unavailable("away", min(t.health.retry_after_s for t in fit))
        if len(ready) == 1:
            return ready
        weighted = [t for t in ready for _ in range(t.settings.weight)] or ready
        first = weighted[next(self._turn) % len(weighted)]
        rest = sorted((t for t in ready if t is not first), key=lambda t: -t.settings.weight)
        return [first, *rest]

    async def send(self, request: ModelRequest) -> Reply:
        """Raises UpstreamError if none of the upstreams answers."""
        left = self.candidates(request.model, request.tenant)
        failed: UpstreamError | None = None
        while left:
            target = left.pop(0)
            if target.full:
                continue
            try:
                reply = await self.ask(target, request)
            except UpstreamError as error:
                failed = error
            else:
                elsewhere = reply.status in RETRY_STATUSES or target.refused_key(reply.status)
                if not left or not elsewhere:
                    return reply
                await reply.aclose()
            if left:
                self.watch.retried(target.name)
        try:
            raise failed or _unavailable("busy", 1.0)
        finally:
            del failed  # its traceback holds this frame: a cycle would keep the request

    async def ask(self, target: Target, request: ModelRequest) -> Reply:
        """One attempt at one upstream, reported to health and metrics. Raises UpstreamError."""
        started = time.perf_counter()
        trial = target.take()
        try:
            reply = await self._send(target, request, trial=trial)
        except BaseException as error:
            if isinstance(error, UpstreamError):
                self._failed(target, error, time.perf_counter() - started)
            target.give_back(trial=trial)
            raise
        refused = target.refused_key(reply.status)
        outcome = "upstream_key" if refused else str(reply.status)
        self.watch.answered(target.name, outcome, time.perf_counter() - started)
        if refused:
            log.error("upstream %s: it refuses the proxy's key (%d)", target.name, reply.status)
        if reply.status in DOWN_STATUSES:
            target.health.failed()
        else:
            target.health.answered()
        return reply

    def _failed(self, target: Target, error: UpstreamError, seconds: float) -> None:
        why = _named(error.__cause__) if error.__cause__ else ""
        log.warning("upstream %s: %s %s", target.name, error.code, why)  # nothing of an answer
        self.watch.answered(target.name, error.code, seconds)
        if error.code not in MISCONFIGURED:
            target.health.failed()

    async def _send(self, target: Target, request: ModelRequest, *, trial: bool) -> Reply:
        until = asyncio.get_running_loop().time() + target.settings.total_s
        try:
            response = accepted(await self.connections.response_with_retry(target, request))
            first = await first_bytes(response)
        except TimeoutError:
            late = localized("upstream-late")
            raise UpstreamError(late, status=504, code="upstream_timeout") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            cause = error.with_traceback(None)  # in a cycle with aiohttp's frame and the request
            raise UpstreamError(localized("upstream-unreached")) from cause
        headers = crossing.returned(response.headers, self.secrets)
        return HttpReply(
            response.status,
            headers,
            response,
            target,
            until,
            first,
            trial,
            self.secrets,
            partial(self._broke_off, target.name),
        )

    def _broke_off(self, name: str, code: str) -> None:
        log.warning("upstream %s: the answer broke off: %s", name, code)
        self.watch.broke_off(name)

    async def _check(self, target: Target) -> None:
        """Polls the health path for ever, in the background."""
        while True:
            ailing = await self._ailing(target)
            was_up = target.health.up
            target.health.checked(alive=not ailing)
            if was_up and not target.health.up:
                log.warning("upstream %s: health check: %s", target.name, ailing)
            await asyncio.sleep(target.settings.health_s)

    async def _ailing(self, target: Target) -> str:
        """Why it is unhealthy; empty for any status that is not a failure, since even a check that
        needs a key shows life."""
        request = ModelRequest("GET", target.settings.health_path, b"", {})
        try:
            async with asyncio.timeout(target.settings.health_s):
                response = await self.connections.response(target, request, self.connections.kept)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError, RequestError) as error:
            return _named(error)
        response.close()
        return f"status {response.status}" if response.status >= 500 else ""


def _tls(settings: UpstreamSettings) -> ssl.SSLContext | bool:
    """Raises SettingsError for files that cannot be used."""
    if not settings.own_tls:
        return True
    try:
        return client_tls(settings.tls_ca, settings.tls_cert, settings.tls_key)
    except (OSError, ValueError) as error:
        where = f"upstream {settings.name}"
        raise wrong("upstream-tls", where=where, why=unusable(error)) from None


def _named(error: BaseException) -> str:
    """For the log, without anything that may quote an answer."""
    return str(error) if isinstance(error, aiohttp.ClientConnectorError) else type(error).__name__


def _unavailable(why: str, retry_after_s: float) -> UpstreamError:
    return UpstreamError(
        localized(f"upstream-{why}"),
        status=503,
        code=f"upstream_{why}",
        retry_after=max(1.0, retry_after_s),
    )
