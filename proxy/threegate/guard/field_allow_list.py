"""The fields of a request that a policy lets through: names, and members of objects.

An entry `user` passes a field as a whole. `chat_template_kwargs.thinking` passes one member of an
object, and only with a plain value: a string, number, boolean or null.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from threegate.wire.adapter import Body


@dataclass(frozen=True, slots=True)
class FieldAllowList:
    """`members` has the fields that pass in part; none of them is in `whole`."""

    whole: frozenset[str]
    members: Mapping[str, frozenset[str]]

    def removed(self, body: Body) -> list[str]:
        """Fields and members (`field.member`) that do not pass, in the order of the request."""
        names: list[str] = []
        for name, value in body.items():
            if name in self.members and isinstance(value, dict):
                kept = self._kept_members(name, value)
                names += [f"{name}.{member}" for member in value if member not in kept]
            elif name not in self.whole:
                names.append(name)
        return names

    def narrowed(self, body: Body) -> Body:
        """A copy with everything that passes. An object without a passing member is left out."""
        return {name: value for name, value in self._passing(body) if name in self.whole or value}

    def _passing(self, body: Body) -> Iterator[tuple[str, Any]]:
        for name, value in body.items():
            if name in self.whole:
                yield name, value
            elif name in self.members and isinstance(value, dict):
                yield name, self._kept_members(name, value)

    def _kept_members(self, name: str, value: Body) -> Body:
        allowed = self.members[name]
        return {n: v for n, v in value.items() if n in allowed and _is_plain(v)}


def _is_plain(value: Any) -> bool:
    return not isinstance(value, dict | list)


@lru_cache(maxsize=64)
def field_allow_list(entries: tuple[str, ...]) -> FieldAllowList:
    whole = frozenset(e for e in entries if "." not in e)
    partly = (e for e in entries if "." in e and e.partition(".")[0] not in whole)
    return FieldAllowList(whole, _members(partly))


def _members(entries: Iterable[str]) -> dict[str, frozenset[str]]:
    members: dict[str, frozenset[str]] = {}
    for entry in entries:
        name, _, member = entry.partition(".")
        members[name] = members.get(name, frozenset()) | {member}
    return members
