"""The form of a constraint rule and the YAML: what is read is what is written, nothing else changes."""

from __future__ import annotations

from typing import Any

import pytest
from threegate.console.errors import ConsoleError
from threegate.console.forms.rule_fields import read_fields, write_fields
from threegate.policy.language.load import load_text
from threegate.policy.schema import ConstraintRule

from tests.console.forms.test_rule_fields import PACKS, alone

RULES = [
    (path.stem, rule.id)
    for path in PACKS
    for rule in (load_text(path.read_bytes(), path.name)[0] or pytest.fail(path.stem)).rules
    if isinstance(rule, ConstraintRule)
]
PACK = """\
pack: p
title: {zh: 甲, en: A}
rules:
  - id: p.one
    title: {zh: 一, en: One}
    owner: platform
    why: [house.quality]
    layer: constraint
    then:
      clamp: {temperature: {max: 0.7}}  # agreed with legal
    tests:
      match:
        - {request: {temperature: 1}, becomes: {temperature: 0.7}}
"""


def sent(fields: dict[str, Any]) -> dict[str, str]:
    """What a browser sends of an untouched form."""
    form = {k: v for k, v in fields.items() if isinstance(v, str)}
    form |= fields["callers"] | fields["values"]
    form |= {f"{g}.{each}": "on" for g in ("why", "language") for each in fields[g]}
    for n, clause in enumerate(fields["clauses"]):
        form |= {f"clause.{n}.text": clause["text"]}
        form |= {f"clause.{n}.kind.{kind}": "on" for kind in clause["kinds"]}
        form |= {f"clause.{n}.masked": "on"} if clause["masked"] else {}
    return form


def written(**changed: str) -> ConstraintRule:
    """The rule after these fields of its form were changed."""
    form = sent(read_fields(PACK, "p.one")) | {k.replace("__", "."): v for k, v in changed.items()}
    text = write_fields(PACK, "p.one", form)
    assert "# agreed with legal" in text or changed.get("clamp__temperature__max") == ""
    pack, problems = load_text(text.encode(), "p")
    assert pack is not None, problems
    (rule,) = pack.rules
    assert isinstance(rule, ConstraintRule)
    return rule


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("pack", "rule"), RULES)
def test_a_form_that_changes_nothing_changes_no_byte(pack: str, rule: str, language: str) -> None:
    text = alone((PACKS[0].parent / f"{pack}.yaml").read_text("utf-8"), rule)
    assert write_fields(text, rule, sent(read_fields(text, rule, language))) == text


def test_sampling_bounds() -> None:
    rule = written(clamp__temperature__min="0.3", clamp__n__force="1", clamp__top_k__drop="on")
    clamp = rule.then.clamp
    assert (clamp["temperature"].min, clamp["temperature"].max) == (0.3, 0.7)
    assert (clamp["n"].force, clamp["top_k"].drop) == (1, True)
    assert dict(written(clamp__temperature__max="").then.clamp) == {}
    with pytest.raises(ConsoleError):
        written(clamp__temperature__max="warm")


def test_models_tools_and_fields() -> None:
    then = written(
        models_allow="deepseek-r1\nqwen3", models_alias="r1 = deepseek-r1",
        tools_deny="shell", tools_arguments="schema", tools_max="8",
        fields_allow="model\nmessages", fields_force="stream = false\nuser = staff",
        fields_unknown="refuse",
    ).then  # fmt: skip
    assert then.models is not None
    assert then.tools is not None
    assert then.fields is not None
    assert (then.models.allow, dict(then.models.alias)) == (
        ("deepseek-r1", "qwen3"),
        {"r1": "deepseek-r1"},
    )
    assert (then.tools.deny, then.tools.max, then.tools.arguments.value) == (
        ("shell",),
        8,
        "schema",
    )
    assert dict(then.fields.force) == {"stream": False, "user": "staff"}
    assert then.fields.unknown.value == "refuse"


def test_reasoning_limits_and_answers() -> None:
    then = written(
        reasoning_show="notice", notice_zh="已隐藏", notice_en="hidden", limits_requests="60",
        limits_per="tenant", answer_says="此致\nKind regards", answer_chars="2000", images="deny",
    ).then  # fmt: skip
    assert then.reasoning is not None
    assert then.reasoning.notice is not None
    assert then.limits is not None
    assert then.response_format is not None
    assert (then.reasoning.show.value, then.reasoning.notice.en) == ("notice", "hidden")
    assert (then.limits.requests_per_minute, then.limits.per.value) == (60, "tenant")
    assert then.response_format.must_say == ("此致", "Kind regards")


def test_clauses_and_callers() -> None:
    rule = written(
        clause__0__text="Be careful.", clause__0__masked="on", who="only", tenant="retail", language__zh="on",
        constitution_file="answers/constitution-one.md", constitution_place="system",
        **{"clause__0__kind__pii.medical": "on"},
    )  # fmt: skip
    (clause,) = rule.then.clauses
    assert (clause.text, clause.kinds, clause.masked) == ("Be careful.", ("pii.medical",), True)
    assert (rule.when.tenant, rule.when.language) == (("retail",), ("zh",))
    assert rule.then.constitution is not None
    assert rule.then.constitution.place.value == "system"


def test_tests_by_lines() -> None:
    tests = written(match="temperature = 1 → temperature = 0.7\nmodel = x → 拒绝").tests
    assert [(dict(t.request), t.refused) for t in tests.match] == [
        ({"temperature": 1}, False),
        ({"model": "x"}, True),
    ]
    with pytest.raises(ConsoleError):
        written(match="temperature hot")
