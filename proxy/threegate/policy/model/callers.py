"""The calls that a rule or binding applies to, and how name patterns match."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from threegate.policy.language.shapes import Located
from threegate.types import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector(Located):
    """适用对象 / Which callers"""

    # Empty means any. A value stands for itself and what is below it (`hr` for `hr.interns`), or
    # ends in `*`.

    tenant: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    route: tuple[str, ...] = ()
    model: tuple[str, ...] = ()
    language: tuple[str, ...] = ()

    def matches(self, caller: Caller) -> bool:
        if not (self.tenant or self.key or self.route or self.model or self.language):
            return True  # as for most rules
        return (
            self.whose(caller)
            and self._route(caller)
            and self._model(caller)
            and _any(self.language, caller.language)
        )

    def whose(self, caller: Caller) -> bool:
        """Whether they match by tenant and key only."""
        return _any(self.tenant, caller.tenant) and _any(self.key, caller.key_id)

    @property
    def takes_all_calls(self) -> bool:
        """Whether it applies to every call of those callers."""
        return not (self.route or self.model or self.language)

    def _route(self, caller: Caller) -> bool:
        """Matches every name of an API path, so that an alias cannot evade its rules."""
        return not self.route or any(_any(self.route, name) for name in names_of(caller.route))

    def _model(self, caller: Caller) -> bool:
        """Matches by either name, so that an alias cannot evade the rules of a model."""
        served = bool(caller.served) and _any(self.model, caller.served)
        return served or _any(self.model, caller.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class When(Selector):
    """规则对哪些调用生效 / Which calls a rule is for"""

    # Each `not_` key leaves callers out by itself. Only by what the proxy itself knows of a caller:
    # path, model and language are the caller's own choice, and would be a way around the rule.

    not_tenant: tuple[str, ...] = ()
    not_key: tuple[str, ...] = ()

    def matches(self, caller: Caller) -> bool:
        return Selector.matches(self, caller) and not self.leaves_out(caller)

    def leaves_out(self, caller: Caller) -> bool:
        """Whether an exclusion names the caller. One without a tenant or key is never named."""
        return _named(self.not_tenant, caller.tenant) or _named(self.not_key, caller.key_id)


EVERYONE = When()


@dataclass(frozen=True, slots=True)
class KnownCallers:
    """Names of tenants and of API keys, as far as they are known: an empty set says nothing."""

    tenant: frozenset[str] = frozenset()
    key: frozenset[str] = frozenset()


ANYBODY = KnownCallers()

_PREFIXES = ("/v1", "/beta", "/anthropic")
"""What may precede the path of an API; `/chat/completions` is `/v1/chat/completions`."""


def names_of(route: str) -> tuple[str, str]:
    """A path as requested, and as the API's documentation names it."""
    bare, before = route, ""
    while bare != before:
        before = bare
        for prefix in _PREFIXES:
            bare = bare.removeprefix(prefix) if bare.startswith(f"{prefix}/") else bare
    return route, f"/v1{bare}"


def _named(patterns: tuple[str, ...], value: str) -> bool:
    return bool(value and patterns) and _any(patterns, value)


def _any(patterns: tuple[str, ...], value: str) -> bool:
    return not patterns or any(matches(p, value) for p in patterns)


def is_named(pattern: str, name: str) -> bool:
    """`gpt-4*` names everything that begins so, `gpt-4` only itself and not `gpt-4.1`: for lists
    that allow models and tools."""
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def matches(pattern: str, value: str) -> bool:
    """For kinds and selectors: `pii.cn.*` matches everything below; `pii.cn` matches itself and
    everything below; else equality."""
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1])
    return value == pattern or value.startswith(pattern + ".")


def first_match(pattern: str, values: Iterable[str]) -> str | None:
    """The first value that `matches` accepts."""
    stem = pattern.removesuffix("*")
    alike = [value for value in values if value.startswith(stem)]  # nearly always none
    return next((value for value in alike if matches(pattern, value)), None)


class Rolled(Protocol):
    """A rule with a percentage of conversations."""

    @property
    def id(self) -> str: ...
    @property
    def rollout(self) -> int: ...


def in_rollout(rule: Rolled, caller: Caller) -> bool:
    """Whether a conversation is within the percentage; the answer for a conversation never
    changes."""
    if rule.rollout >= 100:
        return True
    digest = hashlib.sha256(f"{rule.id}\0{caller.conversation}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100 < rule.rollout
