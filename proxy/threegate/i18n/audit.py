"""What the audit log says to people, in both languages, one entry each: why it cannot do something,
and the lines of its commands. What a verification finds: `audit_findings`.
"""

from __future__ import annotations

from collections.abc import Mapping

from threegate.i18n.catalog import texts
from threegate.types import Bilingual

ERRORS: Mapping[str, Bilingual] = texts("audit", "errors")

LINES: Mapping[str, Bilingual] = texts("audit", "lines")


def line(code: str, language: str, /, **details: object) -> str:
    return LINES[code].get(language).format_map(details)
