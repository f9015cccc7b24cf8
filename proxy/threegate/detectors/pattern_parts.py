"""The parts of an RE2 pattern, as the parser of `re` tells them."""

from __future__ import annotations

import re
import warnings
from typing import Any


def parsed(pattern: str) -> Any:
    """What `re` makes of the pattern; None where it does not know it or warns of it."""
    try:
        from re import _parser  # type: ignore[attr-defined]  # no public parser tells the parts

        with warnings.catch_warnings(action="error"):
            return _parser.parse(pattern)
    except (re.error, Warning, OverflowError, RecursionError, ImportError):
        return None
