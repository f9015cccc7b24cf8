"""Fixtures of the audit log and the scanner, for the commands on them."""

from __future__ import annotations

from tests.audit.conftest import closed_log, settings
from tests.scan.conftest import patterns, tiny, tiny_models

__all__ = ["closed_log", "patterns", "settings", "tiny", "tiny_models"]
