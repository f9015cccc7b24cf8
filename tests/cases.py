"""How many cases a property is tried with."""

from __future__ import annotations

from hypothesis import settings


def cases(few: int) -> settings:
    """So many in CI, where they are the same in every run; `scripts/nightly` takes 10,000 new ones."""
    quick = settings.get_current_profile_name() == "ci"
    return settings(max_examples=few) if quick else settings()
