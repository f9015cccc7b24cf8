"""Errors of the audit log, each from its bilingual entry in `i18n.audit`."""

from __future__ import annotations

from threegate.errors import AuditError
from threegate.i18n.audit import ERRORS, filled


def trouble(code: str, /, **details: object) -> AuditError:
    """The error of one entry. Missing details are a bug and raise KeyError."""
    return AuditError(filled(ERRORS[code], details))
