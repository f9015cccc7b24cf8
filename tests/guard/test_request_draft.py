"""What is recorded of a change."""

from __future__ import annotations

from threegate.policy.model import (
    Fields,
)

from tests.guard.test_constraint import HI, rule, run
from tests.guard.test_sampling_bounds import SAMPLING


def test_what_changed_is_told_without_values() -> None:
    changes = run({**HI, "temperature": 2}, SAMPLING).changes
    assert ("temperature", "clamped") in {(c.field_name, c.what) for c in changes}


def test_a_field_name_is_recorded_only_if_an_api_publishes_it() -> None:
    sent = {"min_p": 1, "13812345678": 1, "chat_template_kwargs": {"我的": 1, "thinking": True}}
    listed = rule(fields=Fields(allow=("model", "messages", "chat_template_kwargs.thinking")))
    changes = run({**HI, **sent}, listed).changes
    recorded = ["min_p", "unknown", "chat_template_kwargs.unknown"]
    assert [(c.field_name, c.what) for c in changes] == [(f, "dropped") for f in recorded]
    assert [c.sent_name for c in changes] == ["min_p", "13812345678", "chat_template_kwargs.我的"]
    assert "13812345678" not in repr(changes)
