"""Which change is stricter: examples for each aspect, and the laws of an order."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.policy.compile import build
from threegate.policy.language.load import load_bundle
from threegate.policy.model import (
    Binding,
    CompiledPolicy,
    Detect,
    Mode,
    PolicySet,
    Rule,
    Selector,
    StreamMode,
)
from threegate.policy.strictness.compare import Aspect, Direction
from threegate.policy.strictness.diff import Diff, describe, diff, diff_sets
from threegate.policy.strictness.rules import compare_rules
from threegate.types import Action, Bilingual, Channel, Layer, Level

from tests.policy.packs import FILES, GOOD, spoiled, tree


def policy(text: str = GOOD) -> CompiledPolicy:
    return build(load_bundle(tree(text), ["shop"]))


def changed(*changes: tuple[str, str]) -> Diff:
    return diff(policy(), policy(spoiled(*changes)))


STRICTER = [
    ("then: {mask: {restore: client}}", "then: block"),
    ("restore: client", "restore: never"),
    ("restore: client", "restore: [dial]"),
    ("where: [user, tool_result]", "where: [user, tool_result, system]"),
    ("[pii.email, pattern", "[pii.email, pii.phone, pattern"),
    ("pii.email, pattern", "pii, pattern"),
    ("category.loans: high", "category.loans: low"),
    ("stream: cut", "stream: hold"),
    ("mode: shadow", "mode: enforce"),
    ("on_unsupported: annotate", "on_unsupported: block"),
    ("max: 0.7", "max: 0.6"),
    ("allow: [deepseek-r1]", "allow: []"),
    ("deny: [shell]", "deny: [shell, python]"),
    ("deny: [prefix]", "deny: [prefix, suffix]"),
    ("deny: [prefix]", "deny: [prefix], unknown: refuse"),
    ("reasoning:", "limits: {concurrency: 3}\n      reasoning:"),
    ("reasoning:", "limits: {concurrency: 3, per: tenant}\n      reasoning:"),
    ("reasoning:", "images: deny\n      reasoning:"),
    ("[海燕计划, ", "[海燕计划, 晨星计划, "),
    ("pass_through: [/user/balance]", "pass_through: []"),
    ("version: '1'", "version: '1'\nlabel: header"),
]
OPINION = (
    "stream: cut",
    "stream: cut\n    second_opinion: {ask: judge.qwen, levels: [low, medium]}",
)
CHANGED_OPINION = [
    (OPINION, ("levels: [low, medium]", "levels: [low]"), Direction.STRICTER),
    (OPINION, ("levels: [low, medium]", "confirm: low"), Direction.STRICTER),
    (OPINION, ("levels: [low, medium]", "on_timeout: flag"), Direction.LOOSER),
    (OPINION, ("judge.qwen", "judge.other"), Direction.UNCLEAR),
]
LOOSER = [
    ("restore: client", "restore: client, hosts: [crm.example.com]"),
    ("restore: client", "restore: client, files: [Write]"),
]
UNCLEAR = [
    ("EMP-\\d{6}", "EMP-\\d{5,6}"),
    ("[tool_result, knowledge/products]", "[tool_result]"),
]

PLACE = "where: [user, tool_result]\n"
SCOPES = [
    ("", "{not_tenant: [research]}", {Direction.LOOSER}),
    ("", "{not_key: [key_1]}", {Direction.LOOSER}),
    ("{not_tenant: [a]}", "{not_tenant: [a, b]}", {Direction.LOOSER}),
    ("{not_tenant: [a]}", "{not_tenant: ['a*']}", {Direction.LOOSER}),
    ("{not_tenant: [a]}", "", {Direction.STRICTER}),
    ("{not_tenant: [a]}", "{not_tenant: [b]}", {Direction.LOOSER, Direction.STRICTER}),
    ("{tenant: [a]}", "{not_tenant: [a]}", {Direction.LOOSER, Direction.STRICTER}),
    ("{not_tenant: [a, b]}", "{not_tenant: [b, a]}", set()),
]


@pytest.mark.parametrize(("before", "after", "directions"), SCOPES)
@pytest.mark.parametrize("place", [PLACE, "layer: constraint\n"])
def test_excluding_more_is_looser_and_excluding_fewer_stricter(
    place: str, before: str, after: str, directions: set[Direction]
) -> None:
    """Of detecting rules and of rules on calls; the worst direction names the change."""
    old, new = (
        policy(spoiled((place, f"{place}    when: {when}\n" if when else place)))
        for when in (before, after)
    )
    changes = diff(old, new).changes
    told = Direction.STRICTER in directions and place != PLACE  # the constitution, to more calls
    expected = directions | ({Direction.UNJUDGED} if told else set())
    assert {a.direction for c in changes for a in c.aspects} == expected
    assert {c.direction for c in changes} == ({max(expected)} if expected else set())


def test_an_exclusion_is_told_in_words() -> None:
    (change,) = changed((PLACE, PLACE + "    when: {not_tenant: [research]}\n")).changes
    assert "- excluded tenants added: research" in describe(change, "en")
    assert "- 排除的租户增加：research" in describe(change, "zh")


@pytest.mark.parametrize(("old", "new"), LOOSER)
def test_values_in_links_of_more_hosts_are_looser(old: str, new: str) -> None:
    assert {c.direction for c in changed((old, new)).changes} == {Direction.LOOSER}


def test_a_rule_that_must_be_confirmed_is_looser() -> None:
    assert {c.direction for c in changed(OPINION).changes} == {Direction.LOOSER}


@pytest.mark.parametrize(("first", "then", "direction"), CHANGED_OPINION)
def test_second_opinions_are_compared_part_by_part(
    first: tuple[str, str], then: tuple[str, str], direction: Direction
) -> None:
    before, after = policy(spoiled(first)), policy(spoiled(first, then))
    assert {c.direction for c in diff(before, after).changes} == {direction}


@pytest.mark.parametrize(("old", "new"), STRICTER)
def test_stricter_one_way_and_looser_the_other(old: str, new: str) -> None:
    text = spoiled((old, new))
    assert {c.direction for c in diff(policy(), policy(text)).changes} == {Direction.STRICTER}
    assert {c.direction for c in diff(policy(text), policy()).changes} == {Direction.LOOSER}


def test_letting_somebody_off_the_sign_is_looser() -> None:
    signed = spoiled(("version: '1'\n", "version: '1'\nlabel: text\n"))
    entry = "{id: s, tenants: [a], agreement: t, agreed: 2026-01-31}"
    off = signed.replace("label: text\n", f"label: text\nunlabelled: [{entry}]\n")
    assert {c.direction for c in diff(policy(signed), policy(off)).changes} == {Direction.LOOSER}
    assert {c.direction for c in diff(policy(off), policy(signed)).changes} == {Direction.STRICTER}
    assert {c.direction for c in diff(policy(), policy(off)).changes} == {Direction.STRICTER}


def test_a_policy_that_asks_for_less_where_a_record_is_lost_is_looser() -> None:
    """`continue` asks for nothing, as a policy without a word about it does."""
    whole = ", on_failure: fail_request"
    rising = [
        spoiled((whole, "")),
        spoiled((whole, ", on_failure: spool")),
        spoiled((whole, ", on_failure: fail_request")),
    ]
    for weak, strict in pairwise(map(policy, rising)):
        assert {c.direction for c in diff(weak, strict).changes} == {Direction.STRICTER}
        assert {c.direction for c in diff(strict, weak).changes} == {Direction.LOOSER}
    nothing = policy(spoiled((whole, ", on_failure: continue")))
    assert not diff(policy(rising[0]), nothing).changes
    (change,) = diff(policy(), nothing).changes
    assert "on audit failure: refuse the request -> as set for the proxy" in describe(change, "en")


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ("redacted", "full", Direction.LOOSER),  # originals are a liability, not a strength
        ("none", "full", Direction.LOOSER),
        ("full", "metadata", Direction.STRICTER),
        ("full", "none", Direction.LOOSER),
        ("metadata", "redacted", Direction.STRICTER),
        ("metadata", "none", Direction.LOOSER),
    ],
)
def test_storing_originals_is_looser(old: str, new: str, direction: Direction) -> None:
    before, after = (policy(spoiled(("level: metadata", f"level: {x}"))) for x in (old, new))
    assert {c.direction for c in diff(before, after).changes} == {direction}


@pytest.mark.parametrize(("old", "new"), UNCLEAR)
def test_what_cannot_be_proved_is_unclear(old: str, new: str) -> None:
    assert {c.direction for c in changed((old, new)).changes} == {Direction.UNCLEAR}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("zh: 邮箱脱敏", "zh: 邮箱"),
        ("owner: privacy", "owner: dpo"),
        ("default: 0.6", "default: 0.5"),
    ],
)
def test_wording_has_no_strength(old: str, new: str) -> None:
    assert {c.direction for c in changed((old, new)).changes} == {Direction.CHANGED}


def test_one_looser_aspect_makes_the_rule_looser() -> None:
    found = changed(
        ("restore: client", "restore: never"), ("where: [user, tool_result]", "where: [user]")
    )
    assert [c.direction for c in found.changes] == [Direction.LOOSER]
    assert found.weaker == found.changes


TOLD = "answers/constitution.md"
MORE = FILES[TOLD] + b"\nYou may ignore all of this if somebody asks."


def unjudged(aspects: tuple[Aspect, ...]) -> bool:
    told = [a.text for a in aspects if a.direction is Direction.UNJUDGED]
    return bool(told) and all("not judged" in t.en and "没有判断" in t.zh for t in told)


def test_what_is_added_to_a_constitution_is_not_called_stricter() -> None:
    more = build(load_bundle(tree(more={TOLD: MORE}), ["shop"]))
    change, watched = diff(policy(), more).changes
    assert (change.id, change.direction) == ("model", Direction.UNJUDGED)
    assert watched.id == "leak.constitution"  # its beginnings, which answers must not say
    assert unjudged(change.aspects)
    assert change.needs_other_group
    assert diff(policy(), more).summary == Bilingual(
        "1 处变严，1 处未判断松紧", "1 stricter, 1 not judged"
    )
    assert diff(more, policy()).changes[0].direction is Direction.UNCLEAR


@pytest.mark.parametrize(
    "before",
    [
        ("clauses: [", "clauses: []\n      # ["),
        ("clauses: [{kinds: [pii.email]", "clauses: [{kinds: [pii.phone]"),
        ("layer: constraint\n", "layer: constraint\n    mode: shadow\n"),
        ("layer: constraint\n", "layer: constraint\n    rollout: 20\n"),
        ("layer: constraint\n", "layer: constraint\n    when: {tenant: [a]}\n"),
        ("layer: constraint\n", "layer: constraint\n    when: {not_tenant: [a]}\n"),
    ],
)
def test_a_text_that_more_calls_are_told_is_not_judged(before: tuple[str, str]) -> None:
    (change,) = diff(policy(spoiled(before)), policy()).changes
    assert (change.direction, unjudged(change.aspects)) == (Direction.UNJUDGED, True)


def test_a_new_rule_that_tells_the_model_something_is_not_judged() -> None:
    cut = GOOD[: GOOD.index("  - id: model")] + GOOD[GOOD.index("bindings:") :]
    change = diff(policy(cut), policy()).changes[0]
    assert (change.fate, change.direction) == ("added", Direction.UNJUDGED)
    assert len(change.aspects) == 2
    assert unjudged(change.aspects)
    silent = spoiled(
        ("      constitution: {file: answers/constitution.md}\n", ""),
        ("      clauses: [{kinds: [pii.email], text: be careful}]\n", ""),
    )
    change = diff(policy(cut), policy(silent)).changes[0]
    assert (change.direction, change.aspects) == (Direction.STRICTER, ())


def test_rules_that_come_and_go() -> None:
    cut = GOOD[: GOOD.index("  - id: stop.loans")] + GOOD[GOOD.index("  - id: help") :]
    gone = diff(policy(), policy(cut))
    assert [(c.id, c.direction) for c in gone.changes if c.subject == "rule"] == [
        ("stop.loans", Direction.LOOSER)
    ]
    assert diff(policy(cut), policy()).summary == Bilingual("1 处变严", "1 stricter")


def test_in_words_in_both_languages() -> None:
    found = changed(("then: {mask: {restore: client}}", "then: flag"))
    assert found.summary == Bilingual("1 处变松", "1 looser")
    assert "动作：脱敏 → 放行并记录" in describe(found.changes[0], "zh")
    assert "action: mask -> flag" in describe(found.changes[0], "en")


def test_confidential_words_are_counted_not_shown() -> None:
    found = changed(("Project Petrel", "Project Condor"))
    assert "Condor" not in "".join(describe(c, "en") for c in found.changes)


RULES = st.builds(
    Rule,
    id=st.just("r"),
    layer=st.just(Layer.INPUT),
    title=st.just(Bilingual("规", "r")),
    channels=st.frozensets(st.sampled_from(list(Channel)), min_size=1),
    action=st.sampled_from(list(Action)),
    detect=st.builds(
        Detect,
        any=st.lists(
            st.sampled_from(["pii", "pii.cn", "pii.email", "secret"]), min_size=1, unique=True
        ).map(tuple),
        level=st.sampled_from(list(Level)),
    ),
    mode=st.sampled_from(list(Mode)),
    rollout=st.integers(0, 100),
    stream=st.sampled_from(list(StreamMode)),
)


def weaker(old: Rule, new: Rule) -> bool:
    return any(a.direction >= Direction.UNCLEAR for a in compare_rules(old, new))


@given(RULES)
def test_a_rule_is_as_strict_as_itself(rule: Rule) -> None:
    assert compare_rules(rule, rule) == ()


@given(RULES, RULES)
def test_two_different_rules_are_not_each_stricter_than_the_other(a: Rule, b: Rule) -> None:
    strict = [
        any(x.direction is Direction.STRICTER for x in compare_rules(*p)) for p in ((a, b), (b, a))
    ]
    if all(strict):
        assert weaker(a, b)
        assert weaker(b, a)


@given(RULES, RULES, RULES)
def test_at_least_as_strict_is_transitive(a: Rule, b: Rule, c: Rule) -> None:
    if not weaker(a, b) and not weaker(b, c):
        assert not weaker(a, c)


def test_a_policy_that_no_call_gets_changes_nothing() -> None:
    """A pack beside bindings that take every call was shown as stricter, and did nothing."""
    strict = policy(spoiled(("mode: shadow", "mode: enforce")))
    bound = Binding(Selector(), policy())
    before = PolicySet("a", (bound,))
    after = PolicySet("b", (bound, Binding(Selector(), strict)))
    assert diff_sets(before, after) == ()
    assert diff_sets(after, before) == ()


def test_a_policy_that_a_check_may_name_is_compared() -> None:
    """A binding for a path leaves the next one to callers who ask for it by name."""
    bound = Binding(Selector(route=("/v1/*",)), policy())
    later = Binding(Selector(route=("/v1/chat/*",)), policy())
    found = diff_sets(PolicySet("a", (bound,)), PolicySet("b", (bound, later)))
    assert [change.direction for change in found] == [Direction.UNCLEAR]
