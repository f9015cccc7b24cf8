"""Brazil's CNPJ with letters (IN RFB 2.229/2024, issued since July 2026): twelve characters of 0-9
and A-Z, then two check digits. All-digit CNPJs are in `national_ids`. The check digits are computed
as for all-digit CNPJs, each character counting as its code point minus 48.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.recognizer import WORD_EDGE, Hit, overlapping
from threegate.detectors.pii_intl.national_checks import brazilian
from threegate.detectors.pii_intl.national_ids import OTHER
from threegate.types import Level

_FORMATTED = r"[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-[0-9]{2}"
_COMPACT = r"[0-9A-Z]{12}[0-9]{2}"
_CNPJ = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9A-Za-z][.\-/])(?:{_FORMATTED}|{_COMPACT}){WORD_EDGE}")
_LABELS = labels("br_cnpj")


def find(view: ScanText) -> Iterator[Hit]:
    for match in overlapping(_CNPJ, view):
        if _is_cnpj(match.group()) and (level := _level(view, match)):
            yield Hit(*match.span(), OTHER, level)


def _is_cnpj(text: str) -> bool:
    """With a letter; all-digit numbers are found elsewhere."""
    value = re.sub(r"[./\-]", "", text)
    return not value.isdigit() and brazilian([ord(character) - 48 for character in value])


def _level(view: ScanText, match: re.Match[str]) -> Level | None:
    """Without separators a CNPJ looks like any order number, so it needs a label."""
    formatted = "/" in match.group()
    polarity = view.label_polarity(*match.span(), _LABELS)
    return Level.HIGH if polarity > 0 or (formatted and polarity == 0) else None


RECOGNIZER = described(
    "br_cnpj", (OTHER,), find, (open_match.token,), trigger=rf"{_FORMATTED}|(?i:cnpj)"
)
