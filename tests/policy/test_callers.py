"""Which calls a selector is about."""

from __future__ import annotations

import pytest
from threegate.policy.model import Selector
from threegate.types import Caller


@pytest.mark.parametrize(
    ("pattern", "route", "matches"),
    [
        ("/v1/chat/*", "/v1/chat/completions", True),
        ("/v1/chat/*", "/chat/completions", True),
        ("/v1/chat/*", "/beta/chat/completions", True),
        ("/v1/chat/*", "/v1/beta/chat/completions", True),
        ("/v1/messages", "/anthropic/v1/messages", True),
        ("/v1/completions", "/beta/completions", True),
        ("/beta/*", "/beta/completions", True),
        ("/beta/*", "/v1/completions", False),
        ("/v1/chat/*", "/v1/completions", False),
        ("/v1/chat/*", "/v1extra/chat/completions", False),
    ],
)
def test_a_door_has_the_same_rules_by_all_its_names(
    pattern: str, route: str, matches: bool
) -> None:
    assert Selector(route=(pattern,)).matches(Caller(route=route)) is matches
