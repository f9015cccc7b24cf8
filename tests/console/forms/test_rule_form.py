from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from threegate.console.errors import ConsoleError
from threegate.console.forms.rule_form import (
    RuleForm,
    apply_form,
    dumped,
    edited,
    find_rule,
    opened,
    with_test,
)
from threegate.policy.language.load import load_text
from threegate.policy.schema import Rule

PACKS = sorted((Path(__file__).parents[3] / "policies" / "packs").glob("*.yaml"))
TEXT = """\
# The pack's own comment.
pack: demo
title: {zh: 示例, en: Demo}
rules:
  # Why this rule is here.
  - id: demo.email   # inline
    title: {zh: 邮箱, en: E-mail}
    owner: privacy
    why: [pipl.51]
    layer: input
    where: [user]
    detect: {any: [pii.email]}
    then: {mask: {restore: client}}
    except:
      - id: E-1   # asked for by support
        match: {tenant: [acme]}
        reason: test_data
        approver: li.lei
        expires: 2027-01-31
    tests:
      match: ["a@example.com"]   # from the manual
      no_match: ['nothing']
    review_by: 2027-06-30   # half a year
"""


def rule(text: str) -> Rule:
    pack, problems = load_text(text.encode(), "draft")
    assert pack is not None, problems
    found = pack.rules[0]
    assert isinstance(found, Rule)
    return found


def comments(text: str) -> list[str]:
    return [line.partition("#")[2] for line in text.splitlines() if "#" in line]


def changed_lines(old: str, new: str) -> list[str]:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


@pytest.mark.parametrize("path", PACKS, ids=lambda p: p.stem)
def test_a_form_that_changes_nothing_changes_no_byte(path: Path) -> None:
    text = path.read_text("utf-8")
    pack, _ = load_text(text.encode(), path.name)
    assert pack is not None
    document = opened(text)
    for each in pack.rules:
        apply_form(find_rule(document, each.id), RuleForm())
    assert dumped(document) == text


@pytest.mark.parametrize("path", PACKS[::4], ids=lambda p: p.stem)
def test_a_change_keeps_every_comment_and_every_other_line(path: Path) -> None:
    text = path.read_text("utf-8")
    pack, _ = load_text(text.encode(), path.name)
    assert pack is not None
    rule_id = pack.rules[0].id
    new = edited(text, rule_id, RuleForm(mode="shadow", review_by="2028-01-01"))
    assert comments(new) == comments(text)
    assert len(changed_lines(text, new)) <= 4
    again, problems = load_text(new.encode(), path.name)
    assert again is not None
    assert (again.rules[0].mode.value, again.rules[0].review_by) == ("shadow", "2028-01-01")
    assert not problems


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        (RuleForm(mode="shadow"), ["+    mode: shadow"]),
        (RuleForm(mode="off"), ["+    mode: 'off'"]),
        (RuleForm(mode="enforce"), []),
        (RuleForm(level="high"), ["+    level: high"]),
        (
            RuleForm(message_zh="已隐藏", message_en="Hidden."),
            ["+    message: {zh: 已隐藏, en: Hidden.}"],
        ),
        (
            RuleForm(review_by="2027-09-01"),
            [
                "-    review_by: 2027-06-30   # half a year",
                "+    review_by: 2027-09-01   # half a year",
            ],
        ),
    ],
    ids=str,
)
def test_single_edits(form: RuleForm, lines: list[str]) -> None:
    new = edited(TEXT, "demo.email", form)
    assert sorted(changed_lines(TEXT, new)) == sorted(lines)
    rule(new)


def test_an_exception_is_added_and_dropped() -> None:
    given = {
        "id": "E-2", "field": "key", "value": "key_1", "reason": "false_positive",
        "approver": "han.mei", "expires": "2027-02-01",
    }  # fmt: skip
    new = edited(TEXT, "demo.email", RuleForm(exception=given))
    assert [e.id for e in rule(new).exceptions] == ["E-1", "E-2"]
    assert rule(new).exceptions[1].match.key == ("key_1",)
    assert comments(new) == comments(TEXT)
    less = edited(new, "demo.email", RuleForm(drop_exception="E-2"))
    assert [e.id for e in rule(less).exceptions] == ["E-1"]


def test_an_exception_for_one_value_is_written_as_text() -> None:
    digest = "0" * 64
    given = {
        "id": "E-3", "field": "value_sha256", "value": digest, "salt": "0123456789012345",
        "reason": "test_data", "approver": "han.mei", "expires": "2027-02-01",
    }  # fmt: skip
    new = edited(TEXT, "demo.email", RuleForm(exception=given))
    match = rule(new).exceptions[1].match
    assert (match.value_sha256, match.value_salt) == ((digest,), "0123456789012345")
    assert comments(new) == comments(TEXT)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        (RuleForm(mode="loud"), "mode"),
        (RuleForm(level="huge"), "level"),
        (RuleForm(review_by="soon"), "date"),
        (RuleForm(drop_exception="E-9"), "missing"),
    ],
)
def test_what_the_form_cannot_say(form: RuleForm, code: str) -> None:
    with pytest.raises(ConsoleError, match=code):
        edited(TEXT, "demo.email", form)


@pytest.mark.parametrize(
    "text",
    ["", "pack: [", "pack: demo\npack: demo\n", "a: &x 1\nb: *x\n", "x: !!python/name:os.system\n"],
)
def test_yaml_that_the_strict_reader_refuses_is_not_touched(text: str) -> None:
    with pytest.raises(ConsoleError, match="broken"):
        edited(text, "demo.email", RuleForm(mode="off"))


def test_an_unknown_rule() -> None:
    with pytest.raises(ConsoleError, match="missing"):
        edited(TEXT, "demo.other", RuleForm(mode="off"))


PRINTABLE = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cf", "Zl", "Zp", "Co", "Cn")), min_size=1
)


@given(PRINTABLE, st.sampled_from(["match", "no_match"]))
def test_any_text_becomes_a_test_as_it_is(text: str, expect: str) -> None:
    new = with_test(TEXT, "demo.email", expect, {"text": text, "channel": "user"})
    assert getattr(rule(new).tests, expect)[-1].text == text
    assert comments(TEXT)[0] in comments(new)
