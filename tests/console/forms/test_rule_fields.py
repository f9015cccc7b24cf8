"""The guided form and the YAML: what is read is what is written, and nothing else changes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from threegate.console.errors import ConsoleError
from threegate.console.forms.rule_fields import UNWRITTEN, read_fields, write_fields
from threegate.console.yaml_values import quoted
from threegate.policy.language.load import load_text
from threegate.policy.schema import Rule

PACKS = sorted((Path(__file__).parents[3] / "policies" / "packs").glob("*.yaml"))
RULES = [
    (path.stem, rule.id)
    for path in PACKS
    for rule in (load_text(path.read_bytes(), path.name)[0] or pytest.fail(path.stem)).rules
    if isinstance(rule, Rule)
]


def sent(fields: dict[str, Any]) -> dict[str, str]:
    """What a browser sends of an untouched form."""
    form = {k: v for k, v in fields.items() if isinstance(v, str)} | fields["callers"]
    groups = (("kind", "kinds"), ("why", "why"), ("language", "language"))
    for group, name in groups:
        form |= {f"{group}.{each}": "on" for each in fields[name]}
    layers = {fields["layer"]} & {"input", "output"} or {"input", "output"}
    form |= {f"where.{layer}.{each}": "on" for layer in layers for each in fields["where"]}
    form |= {f"option_{fields['action']}": fields["option"] or UNWRITTEN.get(fields["action"], "")}
    if fields["action"] == "answer":
        form["option_answer"] = fields["option"]
    form |= {k: v for k, v in fields["claims"].items() if isinstance(v, str)}
    form |= {f"source.{each}": "on" for each in fields["claims"].get("sources", ())}
    form |= {f"opinion_{k}": v for k, v in fields["opinion"].items() if isinstance(v, str)}
    form |= {f"opinion_level.{each}": "on" for each in fields["opinion"]["levels"]}
    for number, sample in enumerate(fields["samples"]):
        form |= {f"sample.{number}.{part}": value for part, value in sample.items()}
    return form | ({"edges": "on"} if fields["edges"] else {})


def alone(text: str, rule: str) -> str:
    """The pack with one rule only: `test_rule_form` keeps whole ones, which take long to read."""
    head, *rules = re.split(r"(?m)^(?=  - id: )", text)
    (kept,) = (each for each in rules if each.startswith(f"  - id: {rule}\n"))
    return head + kept


@pytest.mark.parametrize(("pack", "rule"), RULES)
def test_a_form_that_changes_nothing_changes_no_byte(pack: str, rule: str) -> None:
    text = alone((PACKS[0].parent / f"{pack}.yaml").read_text("utf-8"), rule)
    assert write_fields(text, rule, sent(read_fields(text, rule))) == text


TEXT = """\
pack: p
title: {zh: 甲, en: A}
lists:
  codes: {words: [海燕], match: word}   # from legal
rules:
  - id: p.one
    title: {zh: 一, en: One}
    owner: legal
    why: [owasp.llm02]
    layer: input
    where: [user]
    detect: {any: [list.codes], none: [pii.email]}
    then: {block: {status: 451}}
    tests:
      match:
        - '海燕'
        - {text: 'x', channel: tool_result}
      no_match: ['鸟']
  - id: p.two
    title: {zh: 二, en: Two}
    owner: legal
    why: [owasp.llm02]
    layer: input
    where: [user]
    detect: {any: [list.codes]}
    then: {flag: {}}
    tests: {match: ['海燕'], no_match: ['鸟']}
"""


def edited(rule: str = "p.one", **form: str) -> str:
    return write_fields(TEXT, rule, sent(read_fields(TEXT, rule)) | form)


def test_what_the_form_does_not_know_stays() -> None:
    text = edited(words="海燕\n晨星\nProject  Heron\nProject Heron")
    assert "# from legal" in text
    for kept in ("none: [pii.email]", "status: 451", "channel: tool_result"):
        assert kept in text
    assert read_fields(text, "p.one")["words"] == "海燕\n晨星\nProject Heron"
    assert read_fields(text, "p.one")["conditions"] == ["none"]


def test_another_action_drops_the_options_of_the_old() -> None:
    text = edited(action="redact", replacement_zh="[删]", replacement_en="[x]")
    assert "status" not in text
    assert "{redact: {replacement: {zh: '[删]', en: '[x]'}}}" in text


@pytest.mark.parametrize(
    "old", ["{}", "{replacement: '[x]'}", "{replacement: {zh: '[删]', en: '[x]'}}"]
)
def test_a_plain_replacement_is_of_both_languages_until_one_changes(old: str) -> None:
    before = TEXT.replace("{block: {status: 451}}", f"{{redact: {old}}}")
    form = sent(read_fields(before, "p.one"))
    assert write_fields(before, "p.one", form) == before
    text = write_fields(before, "p.one", form | {"replacement_zh": "[无]"})
    assert f"replacement: {{zh: '[无]', en: '{form['replacement_en']}'}}" in text
    nothing = {"replacement_zh": "", "replacement_en": ""}
    assert "{redact: {}}" in write_fields(text, "p.one", form | nothing)


def test_a_message_beneath_the_answer_is_chosen_and_taken_back() -> None:
    below = edited(action="annotate", option_annotate="below")
    assert "then: {annotate: {show: below}}" in below
    assert read_fields(below, "p.one")["option"] == "below"
    again = write_fields(below, "p.one", sent(read_fields(below, "p.one")))
    assert again == below
    form = sent(read_fields(below, "p.one")) | {"option_annotate": "data"}
    assert "then: {annotate: {show: data}}" in write_fields(below, "p.one", form)


def test_callers_and_language() -> None:
    text = edited(who="only", tenant="hr\nlegal", **{"language.zh": "on"})
    assert "when: {tenant: [hr, legal], language: [zh]}" in text
    fields = read_fields(text, "p.one")
    assert (fields["callers"]["tenant"], fields["language"]) == ("hr\nlegal", ["zh"])
    both = write_fields(text, "p.one", sent(fields) | {"tenant": "", "language.en": "on"})
    assert "when:" not in both


@pytest.mark.parametrize("value", ["no", "off", "12", "2027-01-01", "a: b", "x # y", "", "=1"])
def test_texts_stay_texts(value: str) -> None:
    assert quoted("plain") == "plain"
    text = edited(message_zh=value or "空", message_en="on")
    pack, problems = load_text(text.encode(), "p.yaml")
    assert pack is not None, problems
    assert pack.rules[0].message is not None
    assert (pack.rules[0].message.zh, pack.rules[0].message.en) == (value or "空", "on")


@pytest.mark.parametrize("text", ["rules: [", "- a", "a: &x 1"])
def test_no_form_for_what_is_no_yaml(text: str) -> None:
    with pytest.raises(ConsoleError):
        read_fields(text, "p.one")


def test_places_of_the_layer_that_is_not_chosen_do_not_count() -> None:
    """A rule that was moved to answers kept `user`, ticked in a part of the form that nobody saw,
    and an error with it; tool arguments, in both layers, could not be unticked."""
    fields = sent(read_fields(TEXT, "p.one")) | {"layer": "output", "where.output.content": "on"}
    moved = write_fields(TEXT, "p.one", fields)
    assert read_fields(moved, "p.one")["where"] == ["content"]
    fields |= {"layer": "input", "where.output.tool_arguments": "on"}
    assert read_fields(write_fields(moved, "p.one", fields), "p.one")["where"] == ["user"]
