"""Hardware (MAC) addresses: six pairs of hexadecimal digits, not part of a longer fingerprint."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.recognizer import Hit, Recognizer, overlapping
from threegate.types import Bilingual, Level

KIND = "pii.mac"
_MAC = re.compile(
    r"[0-9A-Fa-f](?<![0-9A-Za-z].)(?<![0-9A-Fa-f][:\-].)[0-9A-Fa-f]([:\-])"
    r"[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4}(?![0-9A-Za-z])(?![:\-][0-9A-Fa-f])"
)
_CISCO = re.compile(
    r"[0-9A-Fa-f](?<![0-9A-Za-z.].)[0-9A-Fa-f]{3}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![0-9A-Za-z]|\.[0-9A-Za-z])"
)


def find(view: ScanText) -> Iterator[Hit]:
    for match in overlapping(_MAC, view):
        if len(set(match.group().upper())) > 2:
            yield Hit(*match.span(), KIND, Level.HIGH)
    for match in overlapping(_CISCO, view):
        if _mixed(match.group()):
            yield Hit(*match.span(), KIND, Level.MEDIUM)


def _mixed(value: str) -> bool:
    """Letters and digits, not a word or a decimal."""
    return any(c.isdigit() for c in value) and any(c.isalpha() for c in value)


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="mac",
        kinds=(KIND,),
        title=Bilingual("MAC 地址", "MAC address"),
        examples=(
            Example("MAC地址00:1B:44:11:3A:B7不在线", ("00:1B:44:11:3A:B7",)),
            Example("ether 3c-52-82-0a-1f-9e", ("3c-52-82-0a-1f-9e",)),
            Example("arp 523d.6bf8.eeb1 on vlan 3", ("523d.6bf8.eeb1",)),
            Example("version 1234.5678.9012"),
            Example("sha1 3c:52:82:0a:1f:9e:11:22:33:44"),
            Example("ff:ff:ff:ff:ff:ff"),
            Example("at 10:22:31 and 11:22:33"),
        ),
    ),
    trigger=r"[0-9A-Fa-f]{2}[:\-][0-9A-Fa-f]{2}[:\-][0-9A-Fa-f]{2}[:\-][0-9A-Fa-f]{2}[:\-][0"
    r"-9A-Fa-f]{2}[:\-][0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}",
    find=find,
    tails=(open_match.token,),
    rank=62,
    plain=False,
)
