"""Threegate: a guard in front of a model API. Three layers, one policy."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from threegate.client.async_guard import AsyncGuard as AsyncGuard
    from threegate.client.guard import Guard as Guard
    from threegate.client.results import GuardError as GuardError
    from threegate.client.results import GuardStopped as GuardStopped
    from threegate.client.results import Verdict as Verdict

__version__ = "0.1.0"

_LAZY = {
    "Guard": "threegate.client.guard",
    "AsyncGuard": "threegate.client.async_guard",
    "GuardError": "threegate.client.results",
    "GuardStopped": "threegate.client.results",
    "Verdict": "threegate.client.results",
}
"""Imported when they are first asked for: importing `threegate` costs nothing."""


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
