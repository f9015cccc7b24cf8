"""IP addresses. Version numbers look alike: a label, a `v`, four small parts or a longer dotted
run make them LOW or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv6Address

from threegate.detectors import tails
from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.labels import words
from threegate.detectors.recognizer import Hit, Recognizer, overlapping
from threegate.detectors.surroundings import View
from threegate.types import Bilingual, Level

KIND = "pii.ip"
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = re.compile(
    rf"[1-9](?<![0-9A-Za-z.].)(?<!\.)[0-9]{{0,2}}(?:\.{_BYTE}){{3}}(?![0-9A-Za-z])(?!"
    rf"\.[0-9])(?![+\-][0-9A-Za-z])"
)
_V6 = re.compile(
    r"(?:[0-9A-Fa-f]|:(?=:))(?<![0-9A-Za-z.].)(?<![0-9A-Fa-f:]:.)[0-9A-Fa-f:]{5,38}(?![0-9A-Za-z:])"
)
_LABELS = words(
    "ip|地址|主机|服务器|跳板机|登录|host|server|gateway|address|addr|from|client",
    "ping|ssh|网关|source",
)
_VERSIONS = words(
    "版本|version|ver|build|release|升级|固件|chrome|chromium|firmware|upgrade|v",
    "补丁|patch|edition|section|章节",
)


def find(view: View) -> Iterator[Hit]:
    for match in overlapping(_V4, view.text):
        level = _v4(view, match)
        if level:
            yield Hit(*match.span(), KIND, level, "v4")
    for match in _V6.finditer(view.text):
        if _v6(match.group()):
            yield Hit(*match.span(), KIND, Level.HIGH, "v6")


def _v4(view: View, match: re.Match[str]) -> Level | None:
    value = match.group()
    first, *rest = map(int, value.split("."))
    if first == 127 or 224 <= first < 240 or first >= 255:  # loopback, multicast, masks
        return None
    label, version = view.last(match.start(), _LABELS), view.last(match.start(), _VERSIONS)
    small = max(first, *rest) < 20
    if label >= 0 or version >= 0:
        return Level.HIGH if label > version and not (small and version >= 0) else Level.LOW
    beside = value.endswith(".0.0") and view.before(match.start()).endswith("/")
    return Level.LOW if small or beside else Level.MEDIUM


def _v6(value: str) -> bool:
    try:
        address = IPv6Address(value)
    except AddressValueError:
        return False
    groups = [g for g in value.split(":") if g]
    return len(groups) >= 3 and any(c.isdigit() for c in value) and not address.is_loopback


RECOGNIZER = Recognizer(
    DetectorInfo(
        id="ip",
        kinds=(KIND,),
        title=Bilingual("IP 地址", "IP address"),
        examples=(
            Example("登录IP是91.180.30.47吗不是的话", ("91.180.30.47",)),
            Example("192.168.1.1吗", ("192.168.1.1",)),
            Example("is 113.1.16.113 malicious?", ("113.1.16.113",)),
            Example("from 2001:db8:85a3::8a2e:370:7334 port 22", ("2001:db8:85a3::8a2e:370:7334",)),
            Example("listening on 0.0.0.0:8080, metrics on 127.0.0.1:9090"),
            Example("chromium 120.0.6099.291 和 3.9.50+build9413"),
            Example("版本12.6.12.8偶发闪退"),
            Example("v1.22.33.44, std::vector, 10:22:31"),
        ),
    ),
    trigger=r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f]*:|::",
    find=find,
    tails=(tails.token,),
    rank=60,
    plain=False,
)
