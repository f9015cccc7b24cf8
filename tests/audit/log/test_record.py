from __future__ import annotations

from threegate.audit import Record, Stage
from threegate.types import Action

from tests.audit.conftest import decision


def test_a_record_has_the_strongest_action_of_its_layers() -> None:
    assert Record(stage=Stage.COMPLETED).action is Action.ALLOW
    both = (decision(Action.FLAG), decision(Action.BLOCK), decision(Action.MASK))
    assert Record(stage=Stage.BLOCKED, decisions=both).action is Action.BLOCK


def test_a_record_shows_no_text_and_no_person() -> None:
    assert "ann" not in repr(Record(stage=Stage.COMPLETED, subject="ann"))
