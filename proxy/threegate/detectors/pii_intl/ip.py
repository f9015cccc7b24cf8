"""IP addresses. Version numbers look alike: a label, a `v`, four small parts or a longer dotted
run make them LOW or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv6Address

import numpy as np

from threegate.detectors.base import DetectorInfo, Example
from threegate.detectors.engine import open_match, vectorized_checks
from threegate.detectors.engine.character_arrays import COLON, HEX
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.digit_index import DigitIndex, Ints, Mask, together
from threegate.detectors.engine.labels import words
from threegate.detectors.engine.recognizer import Hit, Recognizer, candidates, sifted
from threegate.types import Bilingual, Level

KIND = "pii.ip"
_BYTE = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_V4 = re.compile(
    rf"[1-9](?<![0-9A-Za-z.].)(?<!\.)[0-9]{{0,2}}(?:\.{_BYTE}){{3}}(?![0-9A-Za-z])(?!"
    rf"\.[0-9])(?![+\-][0-9A-Za-z])"
)
_V6 = re.compile(
    r"(?:[0-9A-Fa-f]|:(?=:))(?<![0-9A-Za-z.].)(?<![0-9A-Fa-f:]:.)(?<!::)[0-9A-Fa-f:]{5,38}(?![0-9A-Za-z:])"
)
_DOT, _SIGNS = ord("."), (ord("+"), ord("-"))
_SMALL = 20
"""Versions have parts below it."""
_SHORTEST, _GROUPS, _LEAST = 5, 8, 3
"""Of an address of version 6 the characters, the groups if none is left out, and the least here."""
_LABELS = words(
    "ip|地址|主机|服务器|跳板机|登录|host|server|gateway|address|addr|from|client",
    "ping|ssh|网关|source|telnet|nmap|traceroute",
)
_VERSIONS = words(
    "版本|version|ver|build|release|升级|固件|chrome|chromium|firmware|upgrade|v",
    "补丁|patch|edition|section|章节|内核|驱动|cuda|cudnn|numpy|pip|jdk|sdk|pytorch",
)
_BEHIND = words("版本|内核|固件|驱动|version|kernel|firmware")
_HOSTED = ("://", "@", "-h ")
"""Right before an address; behind it stands a port."""
_NETWORK = re.compile("/[0-9]")
"""Behind an address that ends with nought: of many hosts."""
_PORT = re.compile(":[0-9]{2}")


def find(view: ScanText) -> Iterator[Hit]:
    found, matches = sifted(view, _V4, _sift)
    yield from found
    for match in matches:
        level = _v4(view, match)
        if level:
            yield Hit(*match.span(), KIND, level, "v4")
    judged: dict[str, bool] = {}
    for match in candidates(view, _V6, _v6_spots):
        value = match.group()
        if value not in judged:
            judged[value] = _v6(value)
        if judged[value]:
            yield Hit(*match.span(), KIND, Level.HIGH, "v6")


def _sift(view: ScanText) -> tuple[Iterator[Hit], Ints]:
    """Nothing is left: no label may be glued to an address."""
    start, end, parts = _dotted(view.sieve)
    first, small = parts[0], parts.max(0) < _SMALL
    told = (first != 127) & ~((first >= 224) & (first < 240)) & (first < 255)
    start, end, small = start[told], end[told], small[told]
    label, version = (view.lasts(start, labels) for labels in (_LABELS, _VERSIONS))
    behind = view.sieve.code(end)
    sent = (view.sieve.code(start - 1) == ord("@")) & (behind == ord(":"))
    said = ((label > version) & ~(small & (version >= 0))) | sent
    said = np.where(said, Level.HIGH, Level.LOW)
    level = np.where((label >= 0) | (version >= 0), said, Level.MEDIUM)
    plain = np.flatnonzero((label < 0) & (version < 0))
    network = (behind == ord("/")) & view.sieve.is_digit(end + 1) & (parts[3, told] == 0)
    versions = view.label_polarities(start[plain], end[plain], _BEHIND, _BEHIND, behind=True) > 0
    few = small[plain] & ~_hosted(view.sieve, start[plain], end[plain])
    level[plain[few | versions | network[plain]]] = Level.LOW
    for i in plain[(parts[2:, told][:, plain] == 0).all(0)].tolist():
        level[i] = Level.LOW if view.before(int(start[i])).endswith("/") else level[i]
    return vectorized_checks.hits(start, end, KIND, level, "v4"), start[:0]


def _hosted(sieve: DigitIndex, start: Ints, end: Ints) -> Mask:
    """`_HOSTED`, `_PORT`."""
    hosted = (sieve.code(end) == ord(":")) & sieve.is_digit(end + 1) & sieve.is_digit(end + 2)
    for sign in _HOSTED:
        before = np.ones(len(start), np.bool_)
        for place, char in enumerate(reversed(sign), 1):
            before &= sieve.code(start - place) == ord(char)
        hosted |= before
    told: Mask = hosted
    return told


def _dotted(sieve: DigitIndex) -> tuple[Ints, Ints, Ints]:
    """Start, end and parts of what `_V4` matches."""
    i = sieve.runs(1, 2, 3)
    before = sieve.at[i] - 1
    i = i[(sieve.digit[i] > 0) & ~sieve.is_word(before) & (sieve.code(before) != _DOT)]
    runs = [i]
    for _ in range(3):
        behind = runs[-1] + sieve.size(runs[-1])
        following = np.minimum(behind, len(sieve.at) - 1)
        dot = sieve.at[following] - 1
        dotted = (sieve.code(dot) == _DOT) & (sieve.at[following - 1] == dot - 1)
        fits = (behind == following) & dotted & (_byte(sieve, following) < 256)
        runs = [run[fits] for run in (*runs, following)]
    end = sieve.at[runs[3]] + sieve.size(runs[3])
    edge = ~sieve.is_word(end) & ~vectorized_checks.followed(sieve, end, ".")
    edge &= ~(np.isin(sieve.code(end), _SIGNS) & sieve.is_word(end + 1))
    parts = np.array([_byte(sieve, run[edge]) for run in runs])
    return sieve.at[runs[0][edge]], end[edge], parts


def _byte(sieve: DigitIndex, i: Ints) -> Ints:
    """What a run of digits is worth; 1000 where it is too long or has a nought in front."""
    size, last = sieve.size(i), len(sieve.at) - 1
    one, two, three = (sieve.digit[np.minimum(i + place, last)] for place in range(3))
    worth = [one, one * 10 + two, one * 100 + two * 10 + three]
    return np.select([size == 1, (size == 2) & (one > 0), (size == 3) & (one > 0)], worth, 1000)


def _v6_spots(sieve: DigitIndex) -> Ints:
    """Where the colons and groups of a stretch may be those of an address."""
    start, end = sieve.stretches(HEX | COLON)
    start, end = start[wide := end - start > _SHORTEST], end[wide]
    colon, after = sieve.stretches(COLON)
    single, double, more = (
        _count(colon[fits], start, end)
        for fits in (after - colon == 1, after - colon == 2, after - colon > 2)
    )
    may = (more == 0) & ((double == 1) | ((double == 0) & (single >= _GROUPS - 1)))
    start = start[may & (_count(sieve.stretches(HEX)[0], start, end) >= _LEAST)]
    return together(start, start + 1)


def _count(places: Ints, start: Ints, end: Ints) -> Ints:
    return np.searchsorted(places, end) - np.searchsorted(places, start)


def _v4(view: ScanText, match: re.Match[str]) -> Level | None:
    value = match.group()
    first, *rest = map(int, value.split("."))
    if first == 127 or 224 <= first < 240 or first >= 255:  # loopback, multicast, masks
        return None
    label, version = view.last(match.start(), _LABELS), view.last(match.start(), _VERSIONS)
    text, end = view.text, match.end()
    hosted = text.endswith(_HOSTED, 0, match.start()) or _PORT.match(text, end)
    small = max(first, *rest) < _SMALL and not (hosted and version < 0)
    if label >= 0 or version >= 0:
        sent = text.endswith("@", 0, match.start()) and text[end : end + 1] == ":"
        said = sent or (label > version and not (small and version >= 0))
        return Level.HIGH if said else Level.LOW
    network = rest[-1] == 0 and _NETWORK.match(text, end)
    beside = value.endswith(".0.0") and view.before(match.start()).endswith("/")
    behind = _BEHIND.search(view.after(*match.span()))
    return Level.LOW if small or network or beside or behind else Level.MEDIUM


def _v6(value: str) -> bool:
    try:
        address = IPv6Address(value)
    except AddressValueError:
        return False
    groups = [g for g in value.split(":") if g]
    return len(groups) >= _LEAST and any(c.isdigit() for c in value) and not address.is_loopback


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
            Example("curl http://10.1.1.9/x, 10.0.0.12:8080", ("10.1.1.9", "10.0.0.12")),
            Example("scp build.tar.gz ops@34.90.201.6:/srv/", ("34.90.201.6",)),
            Example("why is 192.168.0.0/16 private, pip build@34.90.201.6"),
            Example("版本12.6.12.8偶发闪退，cudnn 8.9.7.29，4.19.112.3 这个内核"),
            Example("v1.22.33.44, std::vector, 10:22:31"),
        ),
    ),
    trigger=r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f]*:|::",
    find=find,
    tails=(open_match.token,),
    rank=60,
    plain=False,
)
