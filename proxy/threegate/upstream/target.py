"""The state of one upstream: its settings, its health, and its number of calls."""

from __future__ import annotations

import math
import ssl
from dataclasses import dataclass, field

from aiohttp import ClientTimeout

from threegate.policy.model import is_named
from threegate.settings import UpstreamSettings
from threegate.upstream.health import Health
from threegate.upstream.tokens import ModelTokenizer

KEY_REFUSED = frozenset({401, 403})
"""Statuses by which a model API refuses the key that came with a call."""


@dataclass(slots=True, eq=False)
class Target:
    settings: UpstreamSettings
    health: Health
    key: str = field(default="", repr=False)  # the proxy's own; empty: the client's is forwarded
    tokenizer: ModelTokenizer | None = field(default=None, repr=False)
    tls: ssl.SSLContext | bool = field(default=True, repr=False)  # True: the system's authorities
    calls: int = 0
    timeout: ClientTimeout = field(init=False, repr=False)  # to connect

    def __post_init__(self) -> None:
        self.timeout = ClientTimeout(
            total=None, sock_connect=self.settings.connect_s, ceil_threshold=math.inf
        )

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def full(self) -> bool:
        return self.calls >= self.settings.max_connections

    def serves(self, model: str, tenant: str) -> bool:
        """Any model, for a call that names none."""
        s = self.settings
        named = not model or not s.models or any(is_named(p, model) for p in s.models)
        return named and (not s.tenants or any(is_named(p, tenant) for p in s.tenants))

    def refused_key(self, status: int) -> bool:
        """Whether that status refuses the proxy's own key, which is not the request's fault."""
        return bool(self.key) and status in KEY_REFUSED

    def take(self) -> bool:
        """Takes a slot for one call, released with `give_back`. True if the call tests whether the
        upstream is back."""
        self.calls += 1
        return self.health.begin()

    def give_back(self, *, trial: bool) -> None:
        self.calls -= 1
        if trial:
            self.health.tried()
