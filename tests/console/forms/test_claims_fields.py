"""The fact check in the form of a rule. That an untouched form changes no byte of a shipped pack is
shown in `test_rule_fields`."""

from __future__ import annotations

from threegate.console.forms.rule_fields import read_fields, write_fields

from tests.console.content.test_knowledge import PACK
from tests.console.forms.test_rule_fields import sent


def test_sources_and_outcomes_are_read_and_written() -> None:
    fields = read_fields(PACK, "own.check")
    claims = fields["claims"]
    assert claims["sources"] == ["tool_result", "knowledge/products"]
    assert (claims["contradicted"], claims["unsupported"], claims["cite"]) == (
        "medium",
        "high",
        False,
    )
    assert fields["conditions"] == []
    form = sent(fields) | {"source.knowledge": "on", "cite": "on", "on_contradicted": "annotate"}
    del form["source.tool_result"]
    changed = write_fields(PACK, "own.check", form | {"unsupported": "medium"})
    now = read_fields(changed, "own.check")["claims"]
    assert (now["sources"], now["cite"]) == (["knowledge/products", "knowledge"], True)
    assert (now["on_contradicted"], now["unsupported"]) == ("annotate", "medium")
    assert "contradicted: medium" not in changed  # a default that nobody wrote stays unwritten


def test_sources_that_nobody_wrote_are_the_usual_ones() -> None:
    plain = PACK.replace("{sources: [tool_result, knowledge/products]}", "{}")
    fields = read_fields(plain, "own.check")
    assert fields["claims"]["sources"] == ["system", "user", "tool_result", "context", "knowledge"]
    assert "sources" not in write_fields(plain, "own.check", sent(fields))


def test_the_message_beneath_answers_is_chosen_for_outcomes_that_annotate() -> None:
    fields = read_fields(PACK, "own.check")
    noted = sent(fields) | {"on_unsupported": "annotate", "option_annotate": "below"}
    changed = write_fields(PACK, "own.check", noted)
    assert "on_no_source: allow, annotate: {show: below}}" in changed
    fields = read_fields(changed, "own.check")
    assert write_fields(changed, "own.check", sent(fields)) == changed
    for less in ({"option_annotate": "data"}, {"on_unsupported": "flag"}):
        assert "below" not in write_fields(changed, "own.check", sent(fields) | less)
