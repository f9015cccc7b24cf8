"""How many characters a policy's RE2 pattern matches at most: what a stream must hold for it.

Read with the parser of `re`, which knows nearly all of RE2's syntax and counts as RE2 does where it
does. What it does not know, or reads as something else, has no known width.
"""

from __future__ import annotations

import re

from threegate.detectors.pattern_parts import parsed

_ESCAPE = re.compile(r"\\(?:(?P<kind>[pP](?:\{\^?\w+\}|\w))|.)", re.DOTALL)
_READ_OTHERWISE = re.compile(r"\[:|\{,")
"""POSIX classes, and a count without a least, which RE2 takes literally."""


def greatest(pattern: str, limit: int) -> int:
    """The greatest width of a match; `limit` where that is wider, boundless or unknown."""
    if _READ_OTHERWISE.search(pattern):
        return limit
    plain = _ESCAPE.sub(lambda m: r"\w" if m["kind"] else m[0], pattern)
    parts = parsed(plain)
    return limit if parts is None else min(limit, int(parts.getwidth()[1]))
