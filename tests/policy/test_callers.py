"""Which calls a selector is about."""

from __future__ import annotations

import pytest
from threegate.policy.model import (
    Binding,
    CompiledPolicy,
    PolicySet,
    Selector,
    When,
    first_match,
    matches,
)
from threegate.types import Caller


@pytest.mark.parametrize(
    ("pattern", "route", "matches"),
    [
        ("/v1/chat/*", "/v1/chat/completions", True),
        ("/v1/chat/*", "/chat/completions", True),
        ("/v1/chat/*", "/beta/chat/completions", True),
        ("/v1/chat/*", "/v1/beta/chat/completions", True),
        ("/v1/messages", "/anthropic/v1/messages", True),
        ("/v1/completions", "/beta/completions", True),
        ("/beta/*", "/beta/completions", True),
        ("/beta/*", "/v1/completions", False),
        ("/v1/chat/*", "/v1/completions", False),
        ("/v1/chat/*", "/v1extra/chat/completions", False),
    ],
)
def test_a_door_has_the_same_rules_by_all_its_names(
    pattern: str, route: str, matches: bool
) -> None:
    assert Selector(route=(pattern,)).matches(Caller(route=route)) is matches


@pytest.mark.parametrize(
    ("when", "caller", "holds"),
    [
        (When(not_tenant=("research",)), Caller(tenant="research"), False),
        (When(not_tenant=("research",)), Caller(tenant="retail"), True),
        (When(not_tenant=("research",)), Caller(tenant="research2"), True),
        (When(not_tenant=("research",)), Caller(tenant="research.lab"), False),
        (When(not_tenant=("research",)), Caller(tenant=""), True),
        (When(not_tenant=("*",)), Caller(tenant=""), True),
        (When(not_tenant=("re*",)), Caller(tenant="retail"), False),
        (When(not_key=("key_1",)), Caller(key_id="key_1"), False),
        (When(not_key=("key_1",)), Caller(key_id="key_2"), True),
        (When(not_tenant=("a",), not_key=("k",)), Caller(tenant="b", key_id="k"), False),
        (When(not_tenant=("a",), not_key=("k",)), Caller(tenant="a", key_id="x"), False),
        (When(tenant=("a*",), not_tenant=("ab",)), Caller(tenant="ab"), False),
        (When(tenant=("a*",), not_tenant=("ab",)), Caller(tenant="ac"), True),
        (When(tenant=("a*",), not_tenant=("ab",)), Caller(tenant="b"), False),
    ],
)
def test_an_exclusion_leaves_out_whom_it_names_and_nobody_else(
    when: When, caller: Caller, holds: bool
) -> None:
    """Each key excludes by itself; a caller without a name is never excluded."""
    assert when.matches(caller) is holds


@pytest.mark.parametrize("tenant", ["a", "a.b", "ab", "", "default"])
@pytest.mark.parametrize("pattern", ["a", "a*", "a.b", "default"])
def test_a_rule_for_some_and_a_rule_for_all_others_leave_no_gap(pattern: str, tenant: str) -> None:
    caller = Caller(tenant=tenant)
    rest = When(not_tenant=(pattern,)).matches(caller)
    assert rest is not When(tenant=(pattern,)).matches(caller)


BANK, STRICT, BASE = (CompiledPolicy(n, n) for n in ("bank", "strict", "base"))
BOUND = PolicySet(
    "d",
    (
        Binding(Selector(tenant=("a",), route=("/v1/chat/*",)), BANK),
        Binding(Selector(tenant=("a",)), STRICT),
        Binding(Selector(), BASE),
    ),
)


@pytest.mark.parametrize(
    ("tenant", "name", "found"),
    [
        ("a", "bank", BANK),
        ("a", "strict", STRICT),
        ("a", "base", None),  # no call of theirs ever comes so far
        ("b", "base", BASE),
        ("b", "bank", None),
        ("b", "unknown", None),
    ],
)
def test_a_policy_can_be_named_only_by_those_who_are_bound_to_it(
    tenant: str, name: str, found: CompiledPolicy | None
) -> None:
    assert BOUND.named(name, Caller(tenant=tenant)) is found


@pytest.mark.parametrize("pattern", ["a", "a.b", "a*", "*", "ab", "c", "a.b.*"])
def test_the_first_match_is_the_first_that_matches_accepts(pattern: str) -> None:
    names = ("b", "ab", "a.b", "a", "a.b.c", "a*")
    expected = next((n for n in names if matches(pattern, n)), None)
    assert first_match(pattern, names) == expected
