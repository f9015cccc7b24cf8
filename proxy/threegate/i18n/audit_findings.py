"""What a verification may find, and why a note cannot be trusted, in both languages.

The part of a key before `/` is the code that programs read; what follows distinguishes the cases.
"""

from __future__ import annotations

from collections.abc import Mapping

from threegate.i18n.catalog import texts
from threegate.types import Bilingual

FINDINGS: Mapping[str, Bilingual] = texts("audit", "findings")

NOTES: Mapping[str, Bilingual] = texts("audit", "notes")
