"""How many cases a property is tried with: a quarter of what it asks for, all of them with `--slow`,
10,000 in `scripts/nightly`."""

from __future__ import annotations

from hypothesis import settings

PLAIN = "plain"
"""The profile of a plain run."""


def cases(wanted: int) -> settings:
    share = 4 if settings.get_current_profile_name() == PLAIN else 1
    return settings(max_examples=max(wanted // share, settings().max_examples))
