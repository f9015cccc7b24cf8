from __future__ import annotations

from threegate.audit.log.record import Stage
from threegate.cli.acts import CLI, access


def test_an_act_is_asked_for_by_the_command_line() -> None:
    record = access("revoke key", key="k1", by="anna")
    assert (record.stage, record.caller) == (Stage.ACCESS, CLI)
    assert record.detail == {"verb": "revoke key", "key": "k1", "by": "anna"}
