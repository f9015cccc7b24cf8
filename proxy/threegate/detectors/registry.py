"""Detectors: pattern recognizers in one tuple, run together by `PatternScanner`.

Adding one: a file with a `RECOGNIZER` (its own examples inside) and an entry in `DETECTORS`;
tests, catalogue and schema follow from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from threegate.detectors import (
    address,
    bank_card,
    cn_address,
    cn_id,
    cn_medical,
    cn_military,
    cn_mobile,
    cn_phone,
    cn_plate,
    cn_social,
    cn_travel,
    cn_uscc,
    crypto,
    email,
    hk_tw_id,
    iban,
    ip,
    mac,
    papers,
    passphrase,
    password,
    password_told,
    password_words,
    pem,
    phone,
    pin,
    presidio,
    secret_rules_apps,
    secret_rules_cloud,
    secret_rules_cn,
    secret_rules_commands,
    secret_rules_forms,
    secret_rules_keys,
    secret_rules_logins,
    secrets,
    uk_ids,
    url,
    us_ssn,
    vin,
    world_ids,
)
from threegate.detectors.base import DetectorInfo
from threegate.detectors.recognizer import Recognizer
from threegate.detectors.scanner import PatternScanner

DETECTORS: tuple[Recognizer, ...] = (
    cn_id.RECOGNIZER,
    cn_uscc.RECOGNIZER,
    bank_card.RECOGNIZER,
    cn_mobile.RECOGNIZER,
    cn_phone.RECOGNIZER,
    cn_travel.RECOGNIZER,
    cn_military.RECOGNIZER,
    cn_plate.RECOGNIZER,
    cn_social.RECOGNIZER,
    cn_medical.RECOGNIZER,
    cn_address.RECOGNIZER,
    hk_tw_id.RECOGNIZER,
    vin.RECOGNIZER,
    email.RECOGNIZER,
    ip.RECOGNIZER,
    mac.RECOGNIZER,
    iban.RECOGNIZER,
    us_ssn.RECOGNIZER,
    uk_ids.RECOGNIZER,
    papers.RECOGNIZER,
    world_ids.RECOGNIZER,
    world_ids.BARE,
    phone.RECOGNIZER,
    address.RECOGNIZER,
    crypto.RECOGNIZER,
    url.RECOGNIZER,
    password.RECOGNIZER,
    password_told.RECOGNIZER,
    password_words.RECOGNIZER,
    passphrase.RECOGNIZER,
    pin.RECOGNIZER,
    presidio.RECOGNIZER,
    *map(secrets.recognizer, secret_rules_keys.RULES),
    *map(secrets.recognizer, secret_rules_forms.RULES),
    pem.RECOGNIZER,
    *map(secrets.recognizer, secret_rules_cloud.RULES),
    *map(secrets.recognizer, secret_rules_apps.RULES),
    *map(secrets.recognizer, secret_rules_cn.RULES),
    *map(secrets.recognizer, secret_rules_commands.RULES),
    *map(secrets.recognizer, secret_rules_logins.RULES),
)


def scanner(
    selected: frozenset[str] | None = None, own: Sequence[Mapping[str, Any]] = ()
) -> PatternScanner:
    """All recognizers that report one of `selected` (kinds or prefixes; None: all). `own` are a
    policy's recognizers in Presidio's format; raises PolicyError for a bad one."""
    extra = (presidio.from_policy(own),) if own else ()
    return PatternScanner((*DETECTORS, *extra), selected)


def kinds() -> tuple[str, ...]:
    """Every kind the built-in recognizers may report, sorted."""
    return tuple(sorted({k for r in DETECTORS for k in r.info.kinds}))


def catalogue() -> tuple[DetectorInfo, ...]:
    """What the documentation, the linter and the console list."""
    return tuple(r.info for r in DETECTORS)
