"""Hardware (MAC) addresses: six pairs of hexadecimal digits, not part of a longer fingerprint."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.recognizer import Hit, overlapping
from threegate.types import Level

KIND = "pii.mac"
_MAC = re.compile(
    r"[0-9A-Fa-f](?<![0-9A-Za-z].)(?<![0-9A-Fa-f][:\-].)[0-9A-Fa-f]([:\-])"
    r"[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4}(?![0-9A-Za-z])(?![:\-][0-9A-Fa-f])"
)
_CISCO = re.compile(
    r"[0-9A-Fa-f](?<![0-9A-Za-z.].)[0-9A-Fa-f]{3}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![0-9A-Za-z]|\.[0-9A-Za-z])"
)
_LABELS = labels("mac")


def find(view: ScanText) -> Iterator[Hit]:
    for match in overlapping(_MAC, view):
        if len(set(match.group().upper())) > 2:
            unsure = _may_be_numbers(match.group()) and not _is_labelled(view, match)
            yield Hit(*match.span(), KIND, Level.LOW if unsure else Level.HIGH)
    for match in overlapping(_CISCO, view):
        if _mixed(match.group()):
            yield Hit(*match.span(), KIND, Level.MEDIUM)


def _may_be_numbers(value: str) -> bool:
    """A date and time, or lottery numbers: 05-12-24-36-48-07. Neither begins with 00."""
    return "-" in value and value.replace("-", "").isdigit() and not value.startswith("00")


def _is_labelled(view: ScanText, match: re.Match[str]) -> bool:
    return view.label_polarity(*match.span(), _LABELS, look_after=False) > 0


def _mixed(value: str) -> bool:
    """Both letters and digits, not a word or a decimal number."""
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


RECOGNIZER = described(
    "mac",
    (KIND,),
    find,
    trigger=(
        r"[0-9A-Fa-f]{2}[:\-][0-9A-Fa-f]{2}[:\-][0-9A-Fa-f]{2}[:\-][0-9A-Fa-f]{2}[:\-][0"
        r"-9A-Fa-f]{2}[:\-][0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"
    ),
)
