"""Messages of the audit log in both languages, one entry each: errors, the lines of its commands,
and the findings of a verification.
"""

from __future__ import annotations

from collections.abc import Mapping

from threegate.i18n.catalog import texts
from threegate.types import Bilingual

ERRORS: Mapping[str, Bilingual] = texts("audit", "errors")

FINDINGS: Mapping[str, Bilingual] = texts("audit", "findings")
"""The part of a key before `/` is the code that programs read; what follows distinguishes the
cases."""

NOTES: Mapping[str, Bilingual] = texts("audit", "notes")
"""Why a signed note cannot be trusted."""

LINES: Mapping[str, Bilingual] = texts("audit", "lines")


def line(code: str, language: str, /, **details: object) -> str:
    return LINES[code].get(language).format_map(details)
