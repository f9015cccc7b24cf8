"""Identity cards of Hong Kong (letters, six digits, check digit in brackets), Taiwan (letter,
nine digits) and Macau."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.checksums import hong_kong_id, taiwan_id
from threegate.detectors.engine import open_match
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described, labels
from threegate.detectors.engine.number_index import Shape
from threegate.detectors.engine.recognizer import WORD_EDGE, Hit, first, numbers
from threegate.types import Level

HONG_KONG, TAIWAN, MACAU = "pii.hk.id_card", "pii.tw.id_card", "pii.mo.id_card"
_HONG_KONG = re.compile(
    first("A-Za-z")
    + r"[A-Za-z]?[0-9]{6}(?:[(（](?P<check>[0-9Aa])[)）]|(?P<bare>[0-9Aa])(?![0-9A-Za-z]))"
)
_TAIWAN = re.compile(first("A-Za-z") + rf"[1289][0-9]{{8}}{WORD_EDGE}(?!-[0-9])")
_MACAU = re.compile(first("157") + r"[0-9]{6}[(（][0-9][)）]")
_MACAU_PARTED = re.compile(
    first("157") + r"(?:/[0-9]{6}/[0-9]|[0-9]{7})(?![0-9A-Za-z/])(?![.\-][0-9])"
)
_HONG_KONG_SHAPE, _TAIWAN_SHAPE = Shape(6, run=6, letters=True), Shape(9, run=9, letters=True)
_MACAU_SHAPE = Shape(8, "157")
_LABELS = labels("hk_tw_id")
_MACAU_LABELS = labels("hk_tw_id", "macau_labels")
"""Without brackets the number looks like a date or a telephone number."""


def find(view: ScanText) -> Iterator[Hit]:
    for match in numbers(view, _HONG_KONG, _HONG_KONG_SHAPE):
        yield from _hong_kong(view, match)
    for match in numbers(view, _TAIWAN, _TAIWAN_SHAPE):
        if taiwan_id(match.group().upper()):
            polarity = view.label_polarity(*match.span(), _LABELS)
            yield Hit(
                *match.span(),
                TAIWAN,
                Level.HIGH if polarity > 0 else Level.LOW if polarity else Level.MEDIUM,
            )
    for match in numbers(view, _MACAU_PARTED, _MACAU_SHAPE):
        if view.label_polarity(*match.span(), _MACAU_LABELS, look_after=False) > 0:
            yield Hit(*match.span(), MACAU, Level.MEDIUM)
    for match in numbers(view, _MACAU, _MACAU_SHAPE):
        polarity = view.label_polarity(*match.span(), _LABELS, look_after=False)
        yield Hit(*match.span(), MACAU, Level.MEDIUM if polarity > 0 else Level.LOW)


def _hong_kong(view: ScanText, match: re.Match[str]) -> Iterator[Hit]:
    value = match.group()
    if hong_kong_id((value[:-3] + value[-2] if match["check"] else value).upper()):
        polarity = view.label_polarity(*match.span(), _LABELS, look_after=False)
        valid = bool(match["check"])
        level = (
            Level.HIGH if valid and polarity >= 0 else Level.MEDIUM if polarity > 0 else Level.LOW
        )
        yield Hit(*match.span(), HONG_KONG, level)


_OPEN = re.compile(r"(?:[A-Za-z]{1,2}[0-9]{6}|[157][0-9]{6})[(（][0-9Aa]?\Z")
tail = open_match.unfinished(_OPEN, 12)

RECOGNIZER = described("hk_tw_id", (HONG_KONG, TAIWAN, MACAU), find, (open_match.token, tail))
