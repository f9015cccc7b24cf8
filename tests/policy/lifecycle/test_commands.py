from __future__ import annotations

import pytest
from threegate.policy.lifecycle.commands import (
    COMMANDS,
    Activate,
    Approve,
    Command,
    Comment,
    Recall,
    Reject,
    RollBack,
    Schedule,
    Submit,
    Withdraw,
    command_of,
    stored_form,
)

EACH: tuple[tuple[str, Command], ...] = (
    ("submit", Submit("d", True, "b", ("ann", "李伟"), "n", "u", ("eve",))),
    ("submit", Submit("d", False)),
    ("approve", Approve("d", "n", "u")),
    ("withdraw", Withdraw("d")),
    ("recall", Recall("d", "n")),
    ("reject", Reject("d", "不行")),
    ("comment", Comment("d", "packs/a.yaml:-3", "text")),
    ("schedule", Schedule("d", "2026-12-01T00:00:00+00:00")),
    ("activate", Activate("d", True, "r")),
    ("rollback", RollBack("d", "r")),
)


@pytest.mark.parametrize(("name", "command"), EACH)
def test_a_command_comes_back_under_the_name_it_is_stored_by(name: str, command: Command) -> None:
    """The names stand in tables of installations: another one needs a migration."""
    stored, body = stored_form(command)
    assert stored == name
    assert command_of(stored, body) == command


def test_every_command_is_tried_above() -> None:
    assert {name for name, _ in EACH} == set(COMMANDS)


def test_what_was_stored_before_a_field_was_there_is_still_read() -> None:
    assert command_of("submit", '{"digest": "d", "weaker": true}') == Submit("d", weaker=True)


def test_a_body_keeps_its_characters() -> None:
    assert "不行" in stored_form(Reject("d", "不行"))[1]
