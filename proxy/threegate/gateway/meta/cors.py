"""Cross-origin calls from web pages, for the origins that the settings name; none by default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

EXPOSED: Final = (
    *("x-threegate-request-id", "x-threegate-policy", "x-threegate-changed"),
    *("x-threegate-notice", "x-aigc", "x-request-id", "retry-after"),
    *("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    *("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
)
"""Answer headers that a page may read."""

MAX_AGE_S: Final = 600
"""Seconds for which a browser caches the answer to its preflight request."""


def cors(origins: Sequence[str]) -> list[Middleware]:
    """Cookies are never accepted from another origin: a page sends its API key, and the console's
    session stays with the console."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
            max_age=MAX_AGE_S,
        )
    ]
