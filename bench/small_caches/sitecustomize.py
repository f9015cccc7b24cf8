"""Makes the caches of a server small; read by Python at its start, see `bench/soak.py`."""

import os

import heap_log
from threegate.audit.log import database
from threegate.detectors import detector_set
from threegate_classifiers.runtime import Engine

TEXTS = 256
database.CACHE_KIB = 1_024  # of 16 MiB a connection
detector_set.CACHED_TEXTS = detector_set.CACHED_FINDINGS = TEXTS
Engine.open.__func__.__kwdefaults__["cache"] = TEXTS
if folder := os.environ.get("SOAK_HEAP"):
    heap_log.log_heap(folder)
