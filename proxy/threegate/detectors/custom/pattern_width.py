"""How many characters a policy's RE2 pattern matches at most: what a stream must hold for it.

Read with the parser of `re`, which knows nearly all of RE2's syntax and counts as RE2 does where it
does. What it does not know, or reads as something else, has no known width.
"""

from __future__ import annotations

from threegate.detectors.custom.pattern_parts import parsed, without_properties


def greatest(pattern: str, limit: int) -> int:
    """The greatest width of a match; `limit` where that is wider, boundless or unknown."""
    parts = parsed(without_properties(pattern, lambda _: r"\w"))
    return limit if parts is None else min(limit, int(parts.getwidth()[1]))
