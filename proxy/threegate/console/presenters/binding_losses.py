"""Callers that would lose packs they have, when bindings change: what a first match in another
order means is hard to see in a list of bindings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from typing import Any

from threegate.console.presenters.bindings import EVERY_CALL, PARTS, calls_of
from threegate.policy.facade import Served
from threegate.policy.model import Selector
from threegate.types import Bilingual, Caller

ANY_ROUTE = "/v1/chat/completions"
Table = tuple[Served, ...]


def losses(
    before: Table, after: Table, keys: Iterable[tuple[str, str]], language: str
) -> list[dict[str, Any]]:
    """Calls in words, and the packs that they no longer get. `keys` are known API keys with their
    tenants. Calls without any policy are refused, so they lose no protection."""
    found: dict[str, list[str]] = {}
    if all([each.selector for each in side] == [EVERY_CALL] for side in (before, after)):
        return []
    for caller in _callers([each.selector for each in (*before, *after)], keys):
        old, new = _first(before, caller), _first(after, caller)
        if old is None or new is None:
            continue
        kept = {pack.pack for pack in new.bundle.packs}
        lost = [p.title.get(language) for p in old.bundle.packs if p.pack not in kept]
        rows = found.setdefault(_narrower(new, old, after[0] is new).get(language), [])
        rows += [title for title in lost if title not in rows]
    return [{"calls": calls, "packs": packs} for calls, packs in found.items() if packs]


def _callers(selectors: list[Selector], keys: Iterable[tuple[str, str]]) -> Iterable[Caller]:
    """One of each sort that a binding tells apart."""
    who = {(tenant, key) for key, tenant in keys} | {(tenant, "") for _, tenant in keys}
    for each in selectors:
        who |= set(product(_names(each.tenant), _names(each.key)))
    routes = {ANY_ROUTE, *(name for s in selectors for name in _names(s.route))}
    models = {name for s in selectors for name in _names(s.model)}
    for caller, route, model in product(_sorts(selectors, who), sorted(routes), sorted(models)):
        yield replace(caller, route=route, model=model)


def _sorts(selectors: list[Selector], who: Iterable[tuple[str, str]]) -> list[Caller]:
    """The first of those that the same bindings are for: there may be thousands of keys."""
    tellers = list(dict.fromkeys(Selector(tenant=s.tenant, key=s.key) for s in selectors))
    found: dict[tuple[bool, ...], Caller] = {}
    for tenant, key in sorted(who):
        caller = Caller(tenant=tenant, key_id=key)
        found.setdefault(tuple(each.whose(caller) for each in tellers), caller)
    return list(found.values())


def _names(patterns: tuple[str, ...]) -> list[str]:
    """A name that each pattern matches; none: any."""
    return [name.removesuffix("*") for name in patterns] or [""]


def _first(table: Table, caller: Caller) -> Served | None:
    return next((each for each in table if each.selector.matches(caller)), None)


def _narrower(new: Served, old: Served, first: bool) -> Bilingual:
    """The calls of the binding that says more about a caller."""
    one = max(new, old, key=lambda each: sum(bool(getattr(each.selector, p)) for p in PARTS))
    return calls_of(one.selector, first and one is new)
