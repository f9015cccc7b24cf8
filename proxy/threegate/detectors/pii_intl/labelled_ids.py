"""Passports and driving licences of any country, bank account numbers: they have no common form or
check digit, so they are found only in the clause of their label, with no other number between."""

from __future__ import annotations

import re
from collections.abc import Iterator

from threegate.data_files import patterns
from threegate.detectors.engine import open_match
from threegate.detectors.engine.byte_patterns import loosened
from threegate.detectors.engine.context import ScanText
from threegate.detectors.engine.description import described
from threegate.detectors.engine.recognizer import ANSWER, LABEL_REACH, Hit, likely
from threegate.types import Level

PASSPORT, LICENCE, ACCOUNT = "pii.passport", "pii.driving_licence", "pii.bank_account"
_P = patterns("detectors.pii_intl", "labelled_ids", ANSWER=ANSWER)
_PASSPORT_LABEL = _P["PASSPORT_LABEL"]
_PASSPORT = re.compile(_P["PASSPORT"])
_LICENCE = re.compile(_P["LICENCE"])
_ACCOUNT = re.compile(_P["ACCOUNT"])
_ANY_ACCOUNT = re.compile(_P["ANY_ACCOUNT"])
_FORMS = tuple(
    (kind, loosened(pattern.pattern), pattern)
    for kind, pattern in (
        *((PASSPORT, _PASSPORT), (LICENCE, _LICENCE)),
        *((ACCOUNT, _ACCOUNT), (ACCOUNT, _ANY_ACCOUNT)),
    )
)


def find(view: ScanText) -> Iterator[Hit]:
    for kind, loose, pattern in _FORMS:
        for match in likely(view, loose, pattern):
            if match.start("value") - match.start() <= LABEL_REACH:
                level = Level.MEDIUM if kind == ACCOUNT else Level.HIGH  # a card is more specific
                yield Hit(*match.span("value"), kind, level)


RECOGNIZER = described(
    "papers",
    (PASSPORT, LICENCE, ACCOUNT),
    find,
    (open_match.token, open_match.number),
    trigger=(
        rf"(?i){_PASSPORT_LABEL.replace('(?![a-z])', '')}|驾照|駕照|驾驶|駕駛|licen[cs]e|dvla"
        r"|dl(?: n| ?[#:])|führerschein|patente|permis|账号|帳號|账户|帳戶|户号|[户戶]口"
        r"|account|acct|sort code|bsb|ifsc|routing|swift|a/c|口座|계좌|konto|compte|cuenta|conta"
        r"|rekening"
    ),
)
