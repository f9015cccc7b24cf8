"""Tests with sources, a question or a place in the form of a rule. That an untouched form changes no
byte of a shipped pack is shown in `test_rule_fields`."""

from __future__ import annotations

from typing import Any

import pytest
from threegate.console.forms.rule_fields import read_fields, write_fields
from threegate.policy.language.load import load_text
from threegate.policy.schema import Rule, Sample

from tests.console.forms.test_rule_fields import TEXT, sent

FACTS = TEXT.replace(
    "  - id: p.two",
    """\
  - id: p.facts
    title: {zh: 核查, en: Facts}
    owner: legal
    why: [owasp.llm09]
    layer: output
    where: [content]
    detect: {claims: {}}
    then: {on_contradicted: block, on_unsupported: annotate, on_no_source: flag}
    tests:
      match:
        # from the complaint of May
        - {text: '五年', question: '多久？', sources: ['两年']}
      no_match:
        - {text: 'two years', sources: ["two years"]}   # as the contract says
        - text: |
            several

            lines
          sources: [a]
  - id: p.two""",
)


def fields(text: str = FACTS, rule: str = "p.facts") -> dict[str, Any]:
    return read_fields(text, rule)


def edited(text: str = FACTS, rule: str = "p.facts", **form: str) -> str:
    return write_fields(text, rule, sent(fields(text, rule)) | form)


def written_tests(text: str, rule: str = "p.facts") -> tuple[list[Sample], list[Sample]]:
    pack, problems = load_text(text.encode(), "p.yaml")
    assert pack is not None, problems
    (found,) = (r for r in pack.rules if r.id == rule)
    assert isinstance(found, Rule)
    return list(found.tests.match), list(found.tests.no_match)


def said(samples: list[Sample]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(s.text, s.question, s.sources) for s in samples]


def test_each_test_is_read_with_its_sources() -> None:
    shown = fields()["samples"]
    assert shown[0] == {
        "expect": "match", "text": "五年", "sources": "两年", "question": "多久？", "channel": "",
    }  # fmt: skip
    assert [s["text"] for s in shown] == ["五年", "two years", "", ""]
    assert fields()["more_tests"] == 1  # lines that end in a line break
    assert write_fields(FACTS, "p.facts", sent(fields())) == FACTS


def test_a_new_one_with_two_sources() -> None:
    more = {
        "sample.2.expect": "match",
        "sample.2.text": "It lasts: ten years",
        "sample.2.sources": "two years\r\n\r\nfive years: sometimes\nand no more",
        "sample.2.question": "How long?",
    }
    text = edited(**more)
    match, no_match = written_tests(text)
    sources = ("two years", "five years: sometimes\nand no more")
    assert said(match) == [
        ("五年", "多久？", ("两年",)),
        ("It lasts: ten years", "How long?", sources),
    ]
    assert len(no_match) == 2
    assert "# as the contract says" in text
    assert [s["text"] for s in fields(text)["samples"]][:2] == ["五年", "It lasts: ten years"]
    assert write_fields(text, "p.facts", sent(fields(text))) == text


def test_comments_stay_with_their_tests() -> None:
    text = edited(match="十年", no_match="two\nthree")
    assert "match:\n        # from the complaint of May\n" in text
    assert 'sources: ["two years"]}   # as the contract says\n' in text
    assert [s.text for s in written_tests(text)[0]] == ["十年", "五年"]
    assert [s.text for s in written_tests(text)[1]][:3] == ["two", "three", "two years"]


def test_one_that_changes_sides_or_goes() -> None:
    match, no_match = written_tests(edited(**{"sample.0.expect": "no_match"}))
    assert (said(match), said(no_match)[0]) == ([], ("五年", "多久？", ("两年",)))
    match, no_match = written_tests(edited(**{"sample.1.text": " "}))
    assert [s.text for s in no_match] == ["several\n\nlines\n"]


def test_a_form_without_samples_keeps_them() -> None:
    form = {k: v for k, v in sent(fields()).items() if not k.startswith("sample.")}
    text = write_fields(FACTS, "p.facts", form | {"match": "十年"})
    assert said(written_tests(text)[0]) == [("十年", "", ()), ("五年", "多久？", ("两年",))]


@pytest.mark.parametrize("written", ["{text: x, sources: [' a']}", "{text: x, sources: ['']}", "7"])
def test_what_the_form_cannot_say_stays_in_the_yaml(written: str) -> None:
    text = FACTS.replace("{text: '五年', question: '多久？', sources: ['两年']}", written)
    assert fields(text)["more_tests"] == 2
    assert written in edited(text, match="十年")


def test_a_place_and_several_lines_of_another_rule() -> None:
    shown = fields(TEXT, "p.one")["samples"]
    assert (shown[0]["text"], shown[0]["channel"]) == ("x", "tool_result")
    form = {"sample.1.text": "one\ntwo", "sample.2.text": "plain", "sample.2.expect": "no_match"}
    match, no_match = written_tests(edited(TEXT, "p.one", **form), "p.one")
    assert [s.text for s in match] == ["海燕", "x", "one\ntwo"]
    assert [s.text for s in no_match] == ["鸟", "plain"]


def test_two_alike_are_no_alias() -> None:
    """An alias is YAML that the policy language refuses."""
    twice = "- {text: '五年', question: '多久？', sources: ['两年']}\n"
    text = edited(FACTS.replace(twice, twice + "        " + twice), match="十年")
    assert [s.text for s in written_tests(text)[0]] == ["十年", "五年", "五年"]


@pytest.mark.parametrize(
    "written", [r'{text: a, question: "b\nc"}', r'{text: "a\rb", question: c}']
)
def test_what_a_browser_would_change_is_not_in_the_form(written: str) -> None:
    text = FACTS.replace("{text: '五年', question: '多久？', sources: ['两年']}", written)
    assert fields(text)["more_tests"] == 2
    assert written in edited(text, match="十年")


def test_more_than_a_request_may_have_fields_for_stay_in_the_yaml() -> None:
    one = "- {text: '五年', question: '多久？', sources: ['两年']}\n"
    many = "        ".join(one.replace("五", f"{n} ") for n in range(200))
    text = FACTS.replace(one, many)
    assert len(sent(fields(text))) < 300  # `web.form_of` takes 500
    assert write_fields(text, "p.facts", sent(fields(text))) == text
    changed = edited(text, **{"sample.0.text": ""})
    assert [s.text for s in written_tests(changed)[0]] == [f"{n} 年" for n in range(1, 200)]
