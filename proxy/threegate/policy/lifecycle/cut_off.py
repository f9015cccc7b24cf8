"""Files of a folder that lost their end, as after a copy that broke off or on a full disk.

YAML has no end that must be there: a pack that was cut after any rule is valid and guards less. But
such a file is the beginning of the one that was in force, which an edit hardly ever leaves. Whoever
does mean to remove the last rules or words changes anything before them, or ends the file with a
comment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from threegate.policy.language.problems import Mark, Problem, problem

_RULING: Final = (".yaml", ".txt")
"""Packs and lists. Fixed answers and knowledge do not decide what is guarded."""


def cut_off(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[Problem, ...]:
    """A problem for each file of which only the beginning is left."""
    return tuple(
        problem("cut-off", Mark(path, now.count(b"\n") + 1))
        for path, now in sorted(after.items())
        if path.endswith(_RULING) and _is_beginning(now, before.get(path, b""))
    )


def _is_beginning(now: bytes, before: bytes) -> bool:
    """Blank lines and comments at the end are no loss, nor is the rest of a comment."""
    if len(now) >= len(before) or not before.startswith(now):
        return False
    last = now.rfind(b"\n") + 1
    start = last if now[last:].lstrip().startswith(b"#") else len(now)
    lost = (line.strip() for line in before[start:].splitlines())
    return any(line and not line.startswith(b"#") for line in lost)
