"""Makes the caches of a server small; read by Python at its start, see `bench/soak.py`."""

import functools
import os
from collections.abc import Callable
from typing import Any

import heap_log

TEXTS = 256
_lru_cache: Callable[..., Any] = functools.lru_cache


def _small(maxsize: Any = 128, typed: bool = False) -> Any:
    """In place of `lru_cache`, which is also called with the function itself or None."""
    return _lru_cache(min(maxsize, TEXTS) if isinstance(maxsize, int) else maxsize, typed)


functools.lru_cache = _small  # type: ignore[assignment]

from threegate.audit.log import database  # noqa: E402
from threegate.detectors import detector_set  # noqa: E402
from threegate_classifiers.runtime import Engine  # noqa: E402

database.CACHE_KIB = 1_024  # of 16 MiB a connection
detector_set.CACHED_TEXTS = detector_set.CACHED_FINDINGS = TEXTS
Engine.open.__func__.__kwdefaults__["cache"] = TEXTS
if folder := os.environ.get("SOAK_HEAP"):
    heap_log.log_heap(folder)
