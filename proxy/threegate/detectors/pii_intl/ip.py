"""IP addresses. Version numbers look similar: a label, a `v`, four small parts or a longer dotted
run make them LOW or exclude them. Public resolvers belong to no person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv6Address

from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.recognizer import Hit, overlapping
from threegate.guard.masking.public_values import resolvers
from threegate.types import Level

KIND = "pii.ip"
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = re.compile(
    rf"[1-9](?:(?<![0-9A-Za-z.].)|(?<=(?<![0-9A-Za-z])(?i:ip).))[0-9]{{0,2}}(?:\.{_BYTE}){{3}}(?![0-9A-Za-z])(?!"
    rf"\.[0-9])(?![+\-][0-9A-Za-z])"
)
_V6 = re.compile(
    r"(?:[0-9A-Fa-f]|:(?=:))(?<![0-9A-Za-z.].)(?<![0-9A-Fa-f:]:.)(?<!::)[0-9A-Fa-f:]{5,38}(?![0-9A-Za-z:])"
)
_SMALL = 20
"""Parts of version numbers are smaller than this."""
_PRIVATE = 10
_JOINED = re.compile(r"[^0-9A-Za-z]{0,6}(?:(?i:is|address|at|ip)[^0-9A-Za-z]{0,4})?")
"""Between a label and its address; Chinese words count as signs here."""
_LEAST, _COLONS = 3, 7
"""Least groups of an IPv6 address that is cut short by `::`; colons of one that is not."""
_LABELS = labels("ip")
_VERSIONS = labels("ip", "versions")
_AFTER = labels("ip", "after")
_HOSTED = ("://", "@", "-h ")
"""Directly before an address that is followed by a port."""
_NETWORK = re.compile("/[0-9]")
"""After an address that ends in zero: a network, not a host."""
_PORT = re.compile(":[0-9]{2}")
_OBJECTS = ("2.5.4.", "2.5.29.")
"""Object identifiers of certificates begin so (X.520, X.509)."""


def find(view: ScanText) -> Iterator[Hit]:
    for match in overlapping(_V4, view):
        if level := _v4(view, match):
            yield Hit(*match.span(), KIND, level, "v4")
    for match in overlapping(_V6, view) if ":" in view.text else ():
        if _v6(match.group()):
            yield Hit(*match.span(), KIND, Level.HIGH, "v6")


def _v4(view: ScanText, match: re.Match[str]) -> Level | None:
    value = match.group()
    if value in resolvers():
        return None
    first, *rest = map(int, value.split("."))
    if first == 127 or 224 <= first < 240 or first >= 255:  # loopback, multicast, masks
        return None
    label, version = view.last(match.start(), _LABELS), view.last(match.start(), _VERSIONS)
    text, end = view.text, match.end()
    network = rest[-1] == 0 and _NETWORK.match(text, end)
    if network or (value.startswith(_OBJECTS) and label < 0):
        return Level.LOW
    hosted = text.endswith(_HOSTED, 0, match.start()) or _PORT.match(text, end)
    small = max(first, *rest) < _SMALL and not (hosted and version < 0)
    if label >= 0 or version >= 0:
        sent = text.endswith("@", 0, match.start()) and text[end : end + 1] == ":"
        numbered = small and (version >= 0 or _is_section(view, match.start(), first, label))
        stated = sent or (label > version and not numbered)
        return Level.HIGH if stated else Level.LOW
    subnet = value.endswith(".0.0") and view.before(match.start()).endswith("/")
    followed = _AFTER.search(view.after(*match.span()))
    return Level.LOW if small or subnet or followed else Level.MEDIUM


def _is_section(view: ScanText, start: int, first: int, label: int) -> bool:
    """Four small parts after a label that is further away may number a section, except in the
    private network 10."""
    return first != _PRIVATE and not _JOINED.fullmatch(view.before(start)[label:])


def _v6(value: str) -> bool:
    if "::" not in value and value.count(":") != _COLONS:  # a time of day, mostly
        return False
    try:
        address = IPv6Address(value)
    except AddressValueError:
        return False
    groups = [g for g in value.split(":") if g]
    public = address.is_loopback or str(address) in resolvers()
    return len(groups) >= _LEAST and any(c.isdigit() for c in value) and not public


RECOGNIZER = described(
    "ip",
    (KIND,),
    find,
    trigger=r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f]*:|::",
)
