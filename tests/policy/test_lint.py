"""Every lint has a pack that it finds fault with; the good pack has none."""

from __future__ import annotations

import pytest
from threegate.policy.language.problems import CODES
from threegate.policy.lint import LINTS

from tests.policy.packs import FILES, GOOD, checked, codes, spoiled

Change = tuple[str, str]
RULE2 = """\
  - id: also
    title: {zh: 也, en: Also}
    owner: privacy
    why: [pipl.51]
    layer: input
    where: [user]
    detect: {any: [pii.email]}
    then: flag
    tests: {match: [中, a], no_match: [文, b]}
    review_by: 2027-06-30
"""
UNLABELLED = """\
label: text
unlabelled: [{id: studio, tenants: [studio], agreement: terms-3, agreed: 2026-01-31}]
"""

BAD: dict[str, list[Change]] = {
    "no-why": [("why: [pipl.51]", "why: []")],
    "unknown-why": [("pipl.51", "pipl.999")],
    "no-owner": [("owner: privacy", "owner: ' '")],
    "title-language": [("en: Mask e-mail", "en: 邮箱")],
    "no-review-date": [("    review_by: 2027-06-30\n", "")],
    "review-overdue": [("2027-06-30", "2026-01-30")],
    "duplicate-rule": [("id: help\n", "id: pii.email\n")],
    "no-rules": [(GOOD, "pack: shop\ntitle: {zh: 空, en: Empty}\n")],
    "no-message": [("    message: {zh: 已停止。, en: Stopped.}\n", "")],
    "unknown-language": [("where: [user]\n", "where: [user]\n    when: {language: [fr]}\n")],
    "bad-route": [("where: [user]\n", "where: [user]\n    when: {route: [v1]}\n")],
    "excludes-everybody": [("where: [user]\n", "where: [user]\n    when: {tenant: [retail], not_tenant: [retail]}\n")],
    "excludes-nobody": [("where: [user]\n", "where: [user]\n    when: {tenant: [retail], not_tenant: [research]}\n")],
    "rollout-zero": [("stream: cut", "stream: cut\n    rollout: 0")],
    "weak-on-error": [("stream: cut", "stream: cut\n    on_error: allow")],
    "unknown-kind": [("[hazard.self_harm]", "[hazard.selfharm]")],
    "nothing-detected": [("{any: [hazard.self_harm]}", "{none: [hazard.self_harm]}")],
    "no-channels": [("where: [user]\n", "where: []\n")],
    "wrong-channel": [("where: [user]\n", "where: [content]\n")],
    "bad-recognizer": [("pack: shop\n", "pack: shop\nrecognizers: [{name: x, supported_entity: A}]\n")],
    "one-action": [("then: {block: {}}", "then: {block: {}, flag: {}}")],
    "claims-alone": [(", on_no_source: flag", "")],
    "annotate-idle": [("on_unsupported: annotate, on_no_source: flag", "on_unsupported: flag, on_no_source: flag, annotate: {show: below}")],
    "claims-place": [("where: [content]\n    detect: {claims", "where: [tool_arguments]\n    detect: {claims")],
    "unknown-source": [("knowledge/products]", "knowledge/nothing]")],
    "action-layer": [("then: {answer: {use: help}}", "then: annotate")],
    "mask-needs-value": [("then: {answer: {use: help}}", "then: {mask: {}}")],
    "restore-in-output": [("{any: [category.loans], levels: {category.loans: high}}", "{any: [pattern.staff_no]}"), ("then: {block: {}}\n    stream: cut", "then: {mask: {}}")],
    "kind-contradiction": [("{any: [hazard.self_harm]}", "{any: [hazard.self_harm], none: [hazard]}")],
    "redundant-kind": [("{any: [hazard.self_harm]}", "{any: [hazard.self_harm, hazard]}")],
    "unused-level": [("levels: {category.loans: high}", "levels: {pii.email: high}")],
    "low-block": [("stream: cut", "level: low")],
    "cut-too-late": [("then: {block: {}}", "then: annotate")],
    "note-without-message": [("then: {block: {}}\n    stream: cut", "then: {annotate: {show: below}}"), ("    message: {zh: 已停止。, en: Stopped.}\n", "")],
    "note-without-answer": [("then: {block: {}}\n    stream: cut", "then: {annotate: {show: below}}"), ("where: [content]", "where: [reasoning]")],
    "wrong-recognizer-example": [("pack: shop\n", "pack: shop\nrecognizers: [{name: x, supported_entity: A, deny_list: [Petrel], examples: {match: [Heron]}}]\n")],
    "no-match-test": [("match: ['我不想活了', 'I want to die']", "match: []")],
    "no-harmless-test": [("no_match: ['你好', 'hello']", "no_match: []")],
    "one-language-tests": [("['我不想活了', 'I want to die']", "['我不想活了']")],
    "contradictory-tests": [("no_match: ['你好', 'hello']", "no_match: ['你好', 'I want to die']")],
    "repeated-test": [("no_match: ['你好', 'hello']", "no_match: ['你好', 'hello', hello]")],
    "test-channel": [("'I want to die'", "{text: I want to die, channel: system}")],
    "claims-test-sources": [(", knowledge/products]", "]"), ("{text: five years, sources: [two years]}", "five years")],
    "constraint-expectation": [(", becomes: {temperature: 0.7}", "")],
    "exception-expired": [("expires: 2026-12-31", "expires: 2026-11-24")],
    "exception-expires-soon": [("expires: 2026-12-31", "expires: 2026-12-01")],
    "exception-too-long": [("expires: 2026-12-31", "expires: 2027-12-31")],
    "exception-date": [("expires: 2026-12-31", "expires: 2026-02-31")],
    "exception-unlimited": [("match: {key: [desk]}", "match: {}")],
    "exception-wildcard": [("match: {key: [desk]}", "match: {key: ['*']}")],
    "exception-self-approved": [("approver: cpo", "approver: Privacy")],
    "exception-unsalted": [("match: {key: [desk]}", "match: {value_sha256: ['" + "0" * 64 + "']}")],
    "band-order": [("stream: cut", "stream: cut\n    band: {min: 5, max: 2}")],
    "band-forced": [("    mode: shadow\n", "    band: {max: 5}\n")],
    "band-idle": [("stream: cut", "stream: cut\n    band: {minutes: 5}")],
    "second-opinion-judge": [("stream: cut", "stream: cut\n    second_opinion: {ask: hazard.violence}")],
    "second-opinion-idle": [("stream: cut", "level: high\n    second_opinion: {ask: judge.qwen}")],
    "second-opinion-inline": [("{any: [category.loans], levels: {category.loans: high}}", "{any: [pattern.staff_no]}"), ("stream: cut", "stream: cut\n    second_opinion: {ask: judge.qwen}")],
    "unlabelled-everyone": [("pass_through:", UNLABELLED.replace("tenants: [studio], ", "") + "pass_through:")],
    "unlabelled-unrecorded": [("pass_through:", UNLABELLED + "pass_through:"), ("on_failure: fail_request", "on_failure: continue")],
    "unlabelled-idle": [("pass_through:", UNLABELLED.replace("label: text", "label: field") + "pass_through:")],
    "unlabelled-over": [("pass_through:", UNLABELLED.replace("}]", ", expires: 2026-11-24}]") + "pass_through:")],
    "duplicate-exception": [("    except:\n", "    except:\n      - {id: EX-1, match: {key: [a]}, reason: test_data, approver: cpo, expires: 2026-12-31}\n")],
    "unknown-parameter": [("temperature: {min", "temprature: {min")],
    "clamp-order": [("min: 0.3, max: 0.7", "min: 0.8, max: 0.7")],
    "clamp-empty": [("n: {force: 1}", "n: {force: 1, max: 2}")],
    "nothing-constrained": [(GOOD[GOOD.index("    then:\n      constitution") : GOOD.index("    tests:\n      match: [{request")], "    then: {}\n")],
    "allow-and-deny": [("deny: [shell]", "deny: [search]")],
    "empty-allow": [("allow: [search]", "allow: []")],
    "alias-target": [("alias: {r1: deepseek-r1}", "alias: {r1: gpt}")],
    "constitution-languages": [("layer: constraint\n", "layer: constraint\n    when: {language: [zh]}\n")],
    "clause-kind": [("kinds: [pii.email], text", "kinds: [pii.mail], text")],
    "reasoning-unchecked": [("{show: hidden, check: same}", "{show: shown, check: separate}")],
    "short-word": [("{words: [海燕计划, Project Petrel], match: word}", "{words: [海], match: substring}")],
    "asked-answers": [("match: word}", "match: asked}"), ("{any: [category.loans]", "{any: [category.loans, list.codenames]")],
    "common-word": [("Project Petrel", "的")],
    "repeated-word": [("Project Petrel", "海燕计划")],
    "unused-detector": [(", list.codenames]", "]")],
    "bad-pattern": [("EMP-\\d{6}", "(?=EMP)")],
    "empty-pattern": [("EMP-\\d{6}", "(EMP)*")],
    "broad-pattern": [("EMP-\\d{6}", "\\w{2,}|EMP-")],
    "no-examples": [("    examples: {match: [EMP-123456], no_match: [EMP-12]}\n", "")],
    "wrong-example": [("no_match: [EMP-12]", "no_match: [EMP-654321]")],
    "few-examples": [(", 保证放款, 'Your loan is approved', 'We will lend you', 包过]", "]")],
    "regex-or-category": [("    regex: 'EMP-\\d{6}'\n", "")],
    "overshadowed-rule": [("bindings:\n", RULE2 + "bindings:\n"), ("    except:\n      - {id: EX-1, match: {key: [desk]}, reason: approved_use, approver: cpo, expires: 2026-12-31}\n", "")],
    "wide-pass-through": [("[/user/balance]", "[/v1/*]")],
    "audit-too-little": [("level: metadata", "level: none")],
    "unreachable-binding": [("  - {pack: shop, tenants: [retail]}\n  - {pack: shop}\n", "  - {pack: shop}\n  - {pack: shop, tenants: [retail]}\n")],
    "stale-shadow": [("no_match: ['你好', 'hello']\n    review_by: 2027-06-30", "no_match: ['你好', 'hello']")],
}  # fmt: skip

OVERLAY = """\
pack: over
title: {zh: 扩展, en: Overlay}
extends: [shop]
rules:
  - id: pii.email
    title: {zh: 邮箱, en: E-mail}
    owner: privacy
    why: [pipl.51]
    layer: input
    where: [user, tool_result]
    detect: {any: [pii.email, pattern.staff_no, list.codenames]}
    then: %s
    tests: {match: [中, a], no_match: [文, b]}
    review_by: 2027-06-30
"""


def overlay(then: str) -> set[str]:
    from threegate.policy.facade import check

    from tests.policy.packs import TODAY, tree

    files = tree(more={"packs/over.yaml": (OVERLAY % then).encode()})
    return {p.code for p in check(files, ["over"], today=TODAY).problems}


def test_the_good_pack_has_no_problem() -> None:
    assert checked().problems == ()


@pytest.mark.parametrize("code", sorted(BAD))
def test_each_lint_finds_its_fault(code: str) -> None:
    assert code in codes(spoiled(*BAD[code]))


@pytest.mark.parametrize("path", ["answers/constitution.md", "answers/help.en.md"])
def test_empty_texts(path: str) -> None:
    code = "constitution-text" if "constitution" in path else "empty-answer"
    assert code in codes(more={**FILES, path: b" \n"})


def test_a_very_long_constitution() -> None:
    assert "constitution-length" in codes(more={"answers/constitution.md": b"word " * 2000})


def test_an_overlay_may_strengthen_but_not_weaken() -> None:
    assert "weaker-overlay" not in overlay("block")
    assert "weaker-overlay" not in overlay("{mask: {restore: client}}")
    assert "weaker-overlay" in overlay("flag")


def test_an_overlay_may_not_exclude_anybody_from_a_rule_of_its_base() -> None:
    assert "weaker-overlay" in overlay("block\n    when: {not_tenant: [research]}")
    assert "weaker-overlay" in overlay("block\n    when: {not_key: [key_1]}")


@pytest.mark.parametrize(
    ("audit", "lost"),
    [
        ("", True),
        ("audit: {level: metadata}\n", True),
        ("audit: {on_failure: continue}\n", True),
        ("audit: {on_failure: spool}\n", False),
        ("audit: {on_failure: fail_request}\n", False),
    ],
)
def test_an_agreement_is_recorded_where_the_policy_makes_sure(audit: str, lost: bool) -> None:
    """The proxy's setting may be `continue`; no policy sees it."""
    whole = "audit: {level: metadata, on_failure: fail_request}\n"
    found = codes(spoiled((whole, audit), ("pass_through:", UNLABELLED + "pass_through:")))
    assert ("unlabelled-unrecorded" in found) is lost
    assert ("audit-too-little" in found) is ("continue" in audit)


def test_every_lint_is_tried_here() -> None:
    elsewhere = {"constitution-text", "constitution-length", "empty-answer", "weaker-overlay"}
    elsewhere |= {"excludes-all-tenants"}  # tests/policy/lint/test_exclusions.py
    assert {lint.code for lint in LINTS} == set(BAD) | elsewhere


def test_codes_are_unique_and_explained_in_both_languages() -> None:
    every = [lint.code for lint in LINTS] + [code.code for code in CODES]
    assert len(every) == len(set(every))
    assert len(LINTS) >= 30
    for lint in LINTS:
        assert all(t.zh and t.en for t in (lint.title, lint.why, lint.fix)), lint.code


def test_a_problem_stands_where_the_fault_is() -> None:
    problem = next(p for p in checked(spoiled(("pipl.51", "pipl.999"))).problems)
    assert (problem.code, str(problem.at), problem.rule_id) == (
        "unknown-why",
        "packs/shop.yaml:23:11",
        "pii.email",
    )


def test_a_pack_may_bring_only_what_the_rules_of_others_use() -> None:
    assert "no-rules" not in codes(
        "pack: shop\ntitle: {zh: 店, en: Shop}\nlists:\n  names: {words: [Heron]}\n"
    )


def test_rules_that_cannot_be_read_are_not_called_missing() -> None:
    whole = "pack: shop\ntitle: {zh: 店, en: Shop}\nrules:\n  - {id: a, layr: input}\n"
    found = codes(whole)
    assert "unknown-key" in found
    assert "no-rules" not in found
