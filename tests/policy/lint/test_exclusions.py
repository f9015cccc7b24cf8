"""An exclusion leaves somebody out, and somebody in."""

from __future__ import annotations

import pytest
from threegate.policy.facade import check
from threegate.policy.language.problems import Problem, Severity
from threegate.policy.model import ANYBODY, KnownCallers

from tests.policy.packs import TODAY, spoiled, tree

BOUND = ("  - {pack: shop, tenants: [retail]}\n  - {pack: shop}\n",
         "  - {pack: shop, tenants: [retail, staff]}\n")  # fmt: skip
KEYS = KnownCallers(frozenset({"retail", "research"}), frozenset({"key_1", "key_2"}))


def found(
    when: str,
    *more: tuple[str, str],
    callers: KnownCallers = ANYBODY,
    place: str = "where: [user]\n",
) -> list[Problem]:
    text = spoiled((place, f"{place}    when: {when}\n"), *more)
    return list(check(tree(text), ["shop"], today=TODAY, callers=callers).problems)


@pytest.mark.parametrize(
    ("when", "codes"),
    [
        ("{not_tenant: [research]}", []),
        ("{not_tenant: ['*']}", ["excludes-everybody"]),
        ("{not_key: ['*']}", ["excludes-everybody"]),
        ("{tenant: [a, b], not_tenant: [a]}", []),
        ("{tenant: [a, b], not_tenant: [b, a]}", ["excludes-everybody"]),
        ("{tenant: ['a*'], not_tenant: [ab]}", []),
        ("{tenant: [ab], not_tenant: ['a*']}", ["excludes-everybody"]),
        ("{tenant: [a], not_tenant: [b]}", ["excludes-nobody"]),
        ("{key: [a], not_key: [b]}", ["excludes-nobody"]),
        ("{tenant: [a], not_key: [b]}", []),
    ],
)
@pytest.mark.parametrize("place", ["where: [user]\n", "layer: constraint\n"])
def test_what_the_policy_alone_shows(place: str, when: str, codes: list[str]) -> None:
    assert [p.code for p in found(when, place=place)] == codes


@pytest.mark.parametrize(
    ("when", "codes"),
    [
        ("{not_tenant: [retail]}", []),
        ("{not_tenant: [retail, staff]}", ["excludes-everybody"]),
        ("{not_tenant: [research]}", ["excludes-nobody"]),
    ],
)
def test_a_pack_that_is_bound_to_tenants_is_for_no_others(when: str, codes: list[str]) -> None:
    assert [p.code for p in found(when, BOUND)] == codes


@pytest.mark.parametrize(
    ("when", "codes"),
    [
        ("{not_tenant: [research]}", []),
        ("{not_tenant: ['re*']}", ["excludes-all-tenants"]),
        ("{not_tenant: [reserch]}", ["excludes-nobody"]),
        ("{not_key: [key_1]}", []),
        ("{not_key: [key_3]}", ["excludes-nobody"]),
    ],
)
def test_names_are_compared_with_those_who_have_keys(when: str, codes: list[str]) -> None:
    assert [p.code for p in found(when, callers=KEYS)] == codes


def test_a_misspelt_name_is_named_at_its_place() -> None:
    (problem,) = found("{not_tenant: [retail, reserch]}", callers=KEYS)
    assert problem.text.en == "the exclusion names nobody: reserch"
    assert problem.text.zh == "没有排除到任何人：reserch"
    assert (problem.severity, problem.rule_id) == (Severity.WARNING, "help")
    assert str(problem.at).startswith("packs/shop.yaml:")
