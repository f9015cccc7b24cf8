"""Detectors: pattern recognizers in one tuple, run together by `PatternScanner`.

Adding one: a file with a `RECOGNIZER`, its entry in `recognizers.toml` of the folder, and one in
`DETECTORS`; tests, catalogue and schema follow from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from threegate.detectors.base import DetectorInfo
from threegate.detectors.engine.recognizer import Recognizer
from threegate.detectors.engine.scanner import PatternScanner
from threegate.detectors.pii_cn import address as cn_address
from threegate.detectors.pii_cn import (
    hk_tw_id,
    landline,
    medical,
    military,
    mobile,
    plate,
    resident_id,
    social_account,
    travel_document,
    uscc,
)
from threegate.detectors.pii_intl import (
    address,
    bank_card,
    br_cnpj,
    crypto_wallet,
    email,
    iban,
    ip,
    labelled_ids,
    mac,
    mrz,
    national_ids,
    phone,
    uk_ids,
    upi,
    us_ssn,
    vin,
)
from threegate.detectors.presidio import recognizer
from threegate.detectors.presidio.policy import from_policy
from threegate.detectors.secrets import (
    engine,
    passphrase,
    password,
    password_prose,
    password_words,
    pem,
    pin,
    url,
)
from threegate.detectors.secrets.rule_loader import load_all

DETECTORS: tuple[Recognizer, ...] = (
    *(resident_id.RECOGNIZER, uscc.RECOGNIZER, bank_card.RECOGNIZER, mobile.RECOGNIZER),
    *(landline.RECOGNIZER, travel_document.RECOGNIZER, military.RECOGNIZER, plate.RECOGNIZER),
    *(social_account.RECOGNIZER, medical.RECOGNIZER, cn_address.RECOGNIZER, hk_tw_id.RECOGNIZER),
    *(vin.RECOGNIZER, email.RECOGNIZER, ip.RECOGNIZER, mac.RECOGNIZER, iban.RECOGNIZER),
    *(us_ssn.RECOGNIZER, uk_ids.RECOGNIZER, labelled_ids.RECOGNIZER, national_ids.RECOGNIZER),
    *(national_ids.BARE, mrz.RECOGNIZER, br_cnpj.RECOGNIZER, phone.RECOGNIZER, address.RECOGNIZER),
    upi.RECOGNIZER,
    *(crypto_wallet.RECOGNIZER, url.RECOGNIZER, password.RECOGNIZER, password_prose.RECOGNIZER),
    *(password_words.RECOGNIZER, passphrase.RECOGNIZER, pin.RECOGNIZER, recognizer.RECOGNIZER),
    pem.RECOGNIZER,
    *map(engine.recognizer, load_all()),
)


def scanner(
    selected: frozenset[str] | None = None, own: Sequence[Mapping[str, Any]] = ()
) -> PatternScanner:
    """All recognizers that report one of `selected` (kinds or prefixes; None: all). `own` are a
    policy's recognizers in Presidio's format; raises PolicyError for a bad one."""
    extra = (from_policy(own),) if own else ()
    return PatternScanner((*DETECTORS, *extra), selected)


def kinds() -> tuple[str, ...]:
    """Every kind the built-in recognizers may report, sorted."""
    return tuple(sorted({k for r in DETECTORS for k in r.info.kinds}))


def catalogue() -> tuple[DetectorInfo, ...]:
    """The entries that the documentation, the linter and the console list."""
    return tuple(r.info for r in DETECTORS)
