"""`x-ratelimit-*` headers, as the OpenAI API names them: what a caller has left this minute. If
several limits apply to a call, the one with the least left is reported. A limit of this proxy takes
the place of the model API's own header of the same name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from threegate.limits.store import Allowance

_PREFIX: Final = "x-ratelimit"


def rate_headers(allowances: Iterable[Allowance]) -> dict[str, str]:
    """For `requests` and `tokens` each: limit, remaining, and the time to a full allowance."""
    strictest: dict[str, Allowance] = {}
    for one in allowances:
        known = strictest.get(one.of)
        if known is None or one.remaining < known.remaining:
            strictest[one.of] = one
    return {name: value for one in strictest.values() for name, value in _headers(one)}


def _headers(one: Allowance) -> tuple[tuple[str, str], ...]:
    return (
        (f"{_PREFIX}-limit-{one.of}", str(one.limit)),
        (f"{_PREFIX}-remaining-{one.of}", str(max(0, one.remaining))),
        (f"{_PREFIX}-reset-{one.of}", f"{math.ceil(one.reset_s)}s"),
    )
