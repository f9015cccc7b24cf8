"""IBAN (ISO 13616): country, length of that country, MOD 97-10. Solid or in groups of four."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.checksums import mod97
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import Hit, overlapping
from threegate.types import Level

KIND = "pii.iban"
_TABLE = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 "
    "EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 "
    "IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 "
    "NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 "
    "TR26 UA29 VA22 VG24 XK20"
)
_LENGTHS = {item[:2]: int(item[2:]) for item in _TABLE.split()}
_IBAN = re.compile(
    r"[A-Z](?<![0-9A-Za-z].)[A-Z][0-9]{2}(?:[ \u00a0]?[0-9A-Z]{4}){2,7}(?:[ \u00a0]?[0-9A-Z]{1,3})?"
)


def find(view: ScanText) -> Iterator[Hit]:
    for match in overlapping(_IBAN, view):
        end = _end(match.group())
        after = view.text[match.start() + end : match.start() + end + 1]
        if end and not (after.isascii() and after.isalnum()):
            yield Hit(match.start(), match.start() + end, KIND, Level.HIGH)


def _end(text: str) -> int:
    """Length of the valid IBAN at the start of `text`, 0 without one."""
    wanted = _LENGTHS.get(text[:2], 0)
    value = text.replace(" ", "").replace("\u00a0", "")[:wanted]
    if not wanted or len(value) < wanted or not mod97(value):
        return 0
    if text[:wanted] == value:
        return wanted
    return [i for i, char in enumerate(text) if char not in " \u00a0"][wanted - 1] + 1


_OPEN = re.compile(r"(?<![0-9A-Za-z])[A-Z](?:[A-Z](?:[0-9](?:[0-9][ \u00a00-9A-Z]{0,42})?)?)?\Z")
tail = open_match.unfinished(_OPEN, 48)

RECOGNIZER = described(
    "iban",
    (KIND,),
    find,
    (tail,),
    trigger="[A-Z]{2}[0-9]{2}[ \u00a0]?[0-9A-Z]{4}[ \u00a0]?[0-9A-Z]{4}",
)
