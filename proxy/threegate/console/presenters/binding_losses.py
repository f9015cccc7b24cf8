"""What callers would lose when bindings change, rule by rule: what a first match in another order
means is hard to see in a list of bindings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from threegate.console.presenters.bindings import PARTS, calls_of
from threegate.console.presenters.policies import change_words
from threegate.policy.model import (
    Binding,
    CompiledPolicy,
    ConstraintRule,
    PolicySet,
    Rule,
    Selector,
    When,
)
from threegate.policy.strictness.compare import Direction
from threegate.policy.strictness.diff import PolicyChange, diff
from threegate.types import Bilingual, Caller

ANY_ROUTE = "/v1/chat/completions"
Table = tuple[Binding, ...]
AnyRule = Rule | ConstraintRule


def losses(
    before: PolicySet | None,
    after: PolicySet | None,
    keys: Iterable[tuple[str, str]],
    language: str,
) -> list[dict[str, Any]]:
    """Calls in words, and what would protect them less, for calls that get another policy by
    bindings; nothing for a policy with errors. `keys` are known API keys with their tenants. Calls
    without any policy are refused, so they lose no protection."""
    if before is None or after is None or _bound(before) == _bound(after) == [Selector()]:
        return []
    found: dict[str, dict[str, None]] = {}
    pairs: dict[tuple[int, int], list[PolicyChange]] = {}
    for caller in _callers(before.bindings, after.bindings, keys):
        old, new = _first(before, caller), _first(after, caller)
        if old is None or new is None:
            continue
        rules = _rules(old.policy)
        pair = (id(old), id(new))  # there are many callers and few pairs
        pairs[pair] = pairs[pair] if pair in pairs else _weaker(old, new)
        lost = [c for c in pairs[pair] if c.id not in rules or _is_for(rules[c.id], caller)]
        calls = _narrower(old, new, new is after.bindings[0]).get(language)
        found.setdefault(calls, {}).update(dict.fromkeys(change_words(c, language) for c in lost))
    return [{"calls": calls, "lost": list(lost)} for calls, lost in found.items() if lost]


def _bound(policies: PolicySet) -> list[Selector]:
    return [each.selector for each in policies.bindings]


def _weaker(old: Binding, new: Binding) -> list[PolicyChange]:
    """What the new policy lacks or may do less of. Edits of the packs of one binding are among the
    changes already."""
    if (old.selector, old.policy.name) == (new.selector, new.policy.name):
        return []
    changes = diff(old.policy, new.policy).changes
    return [change for change in changes if change.direction >= Direction.UNCLEAR]


def _rules(policy: CompiledPolicy) -> dict[str, AnyRule]:
    rules: tuple[AnyRule, ...] = (*policy.rules, *policy.constraints)
    return {rule.id: rule for rule in rules}


def _is_for(rule: AnyRule, caller: Caller) -> bool:
    """By tenant and key: a call may have any path, model or language."""
    return rule.when.whose(caller) and not rule.when.leaves_out(caller)


def _callers(before: Table, after: Table, keys: Iterable[tuple[str, str]]) -> Iterable[Caller]:
    """One of each sort that a binding or a rule tells apart."""
    selectors = [each.selector for each in (*before, *after)]
    whens = dict.fromkeys(r.when for each in before for r in _rules(each.policy).values())
    who = {(tenant, key) for key, tenant in keys} | {(tenant, "") for _, tenant in keys}
    tellers = [*selectors, *(told for when in whens for told in _told_apart(when))]
    for each in tellers:
        who |= set(product(_names(each.tenant), _names(each.key)))
    routes = {ANY_ROUTE, *(name for s in selectors for name in _names(s.route))}
    models = {name for s in selectors for name in _names(s.model)}
    for caller, route, model in product(_sorts(tellers, who), sorted(routes), sorted(models)):
        yield replace(caller, route=route, model=model)


def _told_apart(when: When) -> Iterator[Selector]:
    named = (when.tenant, when.key), (when.not_tenant, ()), ((), when.not_key)
    yield from (Selector(tenant=tenant, key=key) for tenant, key in named if tenant or key)


def _sorts(tellers: list[Selector], who: Iterable[tuple[str, str]]) -> list[Caller]:
    """The first of those that the same bindings are for: there may be thousands of keys."""
    tellers = list(dict.fromkeys(Selector(tenant=s.tenant, key=s.key) for s in tellers))
    found: dict[tuple[bool, ...], Caller] = {}
    for tenant, key in sorted(who):
        caller = Caller(tenant=tenant, key_id=key)
        found.setdefault(tuple(each.whose(caller) for each in tellers), caller)
    return list(found.values())


def _names(patterns: tuple[str, ...]) -> list[str]:
    """A name that each pattern matches; none: any."""
    return [name.removesuffix("*") for name in patterns] or [""]


def _first(policies: PolicySet, caller: Caller) -> Binding | None:
    return next((b for b in policies.bindings if b.selector.matches(caller)), None)


def _narrower(old: Binding, new: Binding, first: bool) -> Bilingual:
    """The calls of the binding that says more about a caller."""
    one = max(new, old, key=lambda each: sum(bool(getattr(each.selector, p)) for p in PARTS))
    return calls_of(one.selector, first and one is new)
