"""How many cases a property is tried with."""

from __future__ import annotations

from hypothesis import settings


def cases(at_least: int) -> settings:
    """So many, or as many as the profile in use wants: `scripts/nightly` wants 10,000."""
    return settings(max_examples=max(at_least, settings().max_examples))
