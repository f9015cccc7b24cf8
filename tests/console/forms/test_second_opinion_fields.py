"""The second opinion in the form of a rule. That an untouched form changes no byte of a shipped pack
is shown in `test_rule_fields`."""

from __future__ import annotations

import pytest
from threegate.console.errors import ConsoleError
from threegate.console.forms.rule_fields import read_fields, write_fields

from tests.console.forms.test_rule_fields import sent

PACK = """\
pack: own
title: {zh: 甲, en: A}
rules:
  - id: own.violence
    title: {zh: 暴力, en: Violence}
    owner: trust
    why: [house.business]
    layer: input
    where: [user]
    detect: {any: [hazard.violence]}
    level: low
    then: {block: {}}
    message: {zh: 已停止。, en: Stopped.}
    tests: {match: [a], no_match: [b]}
"""
ASKED = "    second_opinion: {ask: judge.qwen, levels: [low], deadline_ms: 1500, on_timeout: flag} # slow\n"


def test_a_rule_gets_and_loses_its_second_opinion() -> None:
    fields = read_fields(PACK, "own.violence")
    assert fields["opinion"] == {
        "ask": "", "levels": ["low", "medium"], "confirm": "medium", "seconds": "2",
        "on_timeout": "", "on_error": "",
    }  # fmt: skip
    form = sent(fields) | {"opinion_ask": "judge.qwen"}
    asking = write_fields(PACK, "own.violence", form)
    assert "    then: {block: {}}\n    second_opinion: {ask: judge.qwen}\n" in asking
    more = form | {
        "opinion_level.high": "on",
        "opinion_seconds": "2.5",
        "opinion_on_error": "block",
    }
    changed = read_fields(write_fields(asking, "own.violence", more), "own.violence")["opinion"]
    assert (changed["levels"], changed["seconds"], changed["on_error"]) == (
        ["low", "medium", "high"],
        "2.5",
        "block",
    )
    assert write_fields(asking, "own.violence", form | {"opinion_ask": ""}) == PACK
    with pytest.raises(ConsoleError):
        write_fields(PACK, "own.violence", form | {"opinion_seconds": "soon"})


def test_an_untouched_form_changes_no_byte() -> None:
    text = PACK.replace("    message", ASKED + "    message")
    form = sent(read_fields(text, "own.violence"))
    assert form["opinion_ask"] == "judge.qwen"
    assert write_fields(text, "own.violence", form) == text
