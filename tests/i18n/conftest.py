"""Fixtures of the audit log."""

from __future__ import annotations

from tests.audit.conftest import closed_log, settings

__all__ = ["closed_log", "settings"]
