"""Labels of data sets as kinds of ours: which findings a labelled span accepts.

`CN_MOBILE` is `pii.cn.mobile` and `BANK_CARD` is `pii.bank_card` by their names; the table has the
rest. A label accepts a finding whose kind is one of its kinds or below one. Several, because data
sets cut the world otherwise: an account may be a bank card, an IBAN or a chat name.
"""

from __future__ import annotations

from functools import cache

from threegate.policy.kinds import KINDS
from threegate.policy.model import matches

PHONES = ("pii.phone", "pii.cn.mobile", "pii.cn.landline")
PASSPORTS = ("pii.passport", "pii.cn.passport")
LICENCES = ("pii.driving_licence", "pii.de.driving_licence", "pii.it.driver_license")
PERMITS = ("pii.cn.travel_permit",)
SECRET = ("secret",)

KINDS_OF: dict[str, tuple[str, ...]] = {
    # people, places, organisations
    "NAME": ("pii.person",),
    "STREET_ADDRESS": ("pii.address",),
    "ORGANIZATION": ("pii.org",),
    "DATE_OF_BIRTH": ("pii.dob",),
    "ACCOUNT": ("pii.account", "pii.cn.wechat", "pii.cn.qq", "pii.bank_card", "pii.iban"),
    "ID_OTHER": (
        "pii.id_other",
        "pii.cn.medical_id",
        "pii.cn.social_security",
        "pii.cn.id_card",
        "pii.cn.passport",
        "pii.cn.military_id",
        *PERMITS,
    ),
    # identifiers
    "CN_ID": ("pii.cn.id_card",),
    "USCC": ("pii.cn.uscc",),
    "WECHAT": ("pii.cn.wechat",),
    "QQ": ("pii.cn.qq",),
    "MEDICAL_ID": ("pii.cn.medical_id",),
    "SOCIAL_SECURITY": ("pii.cn.social_security",),
    "MILITARY_ID": ("pii.cn.military_id",),
    "HK_PERMIT": PERMITS,
    "MO_PERMIT": PERMITS,
    "TW_PERMIT": PERMITS,
    "TRAVEL_PERMIT": PERMITS,
    "HK_ID": ("pii.hk.id_card",),
    "MO_ID": ("pii.mo.id_card",),
    "TW_ID": ("pii.tw.id_card",),
    "CREDIT_CARD": ("pii.bank_card",),
    "EMAIL_ADDRESS": ("pii.email",),
    "PHONE": PHONES,
    "PHONE_NUMBER": PHONES,
    "US_PHONE": PHONES,
    "INTL_PHONE": PHONES,
    "IP_ADDRESS": ("pii.ip",),
    "MAC_ADDRESS": ("pii.mac",),
    "US_BANK_NUMBER": ("pii.bank_account", "pii.bank_card"),
    **{f"{c}_PASSPORT": PASSPORTS for c in ["DE", "ES", "IN", "IT", "KR", "PH", "UK", "US", "ZA"]},
    **{f"{c}_DRIVER_LICENSE": LICENCES for c in ["IT", "KR", "US", "ZA"]},
    "UK_DRIVING_LICENCE": LICENCES,
    "DE_FUEHRERSCHEIN": LICENCES,
    "DRIVER_LICENSE": LICENCES,
    "PASSPORT": PASSPORTS,
    "BANK_ACCOUNT": ("pii.bank_account", "pii.bank_card"),
    "IBAN_CODE": ("pii.iban",),
    "CRYPTO": ("pii.crypto_wallet",),
    # secrets: whose key it is matters to nobody who must not see it
    "PASSWORD": SECRET,
    "API_KEY": SECRET,
    "API_KEY_OPENAI": SECRET,
    "SECRET": SECRET,
    "TOKEN": SECRET,
    "ALIYUN_KEY": SECRET,
    "ALIYUN_SECRET": SECRET,
    "AWS_KEY": SECRET,
    "AWS_SECRET": SECRET,
    "TENCENT_KEY": SECRET,
    "TENCENT_SECRET": SECRET,
    "GITHUB_PAT": SECRET,
    "WEBHOOK": SECRET,
    "DB_URL": SECRET,
    "JWT": SECRET,
    "PEM": SECRET,
}

CHECKED = frozenset(
    (
        "pii.cn.id_card",
        "pii.cn.uscc",
        "pii.bank_card",
        "pii.vin",
        "pii.iban",
        "pii.hk.id_card",
        "pii.tw.id_card",
        "pii.uk.nhs",
        "pii.crypto_wallet",
        *(f"pii.au.{k}" for k in ("abn", "acn", "tfn", "medicare")),
        *("pii.ca.sin", "pii.de.tax_id", "pii.es.nif", "pii.es.nie", "pii.in.aadhaar"),
        *("pii.fi.personal_identity_code", "pii.it.fiscal_code", "pii.pl.pesel"),
        *("pii.se.personnummer", "pii.sg.nric_fin", "pii.th.tnin", "pii.tr.national_id"),
        *("pii.us.npi", "pii.za.id_number"),
    )
)
"""Kinds that have a check digit: they must meet a higher bar."""

NOT_OURS = frozenset({"LOCATION", "GPE", "DATE_TIME", "TITLE", "NRP", "AGE", "URL"})
"""Labels that nothing here reports on purpose: a city or a country identifies no person."""


@cache
def kinds_of(label: str) -> tuple[str, ...]:
    """The kinds that bear a label out; none for a label that means nothing here."""
    named = (k for k in KINDS if k.removeprefix("pii.").replace(".", "_") == label.lower())
    return KINDS_OF.get(label) or tuple(k for k in named if k.startswith("pii."))


@cache
def accepts(label: str, kind: str) -> bool:
    return any(matches(own, kind) for own in kinds_of(label))


@cache
def checked(label: str) -> bool:
    """Whether every value with this label has a check digit."""
    return bool(kinds_of(label)) and CHECKED.issuperset(kinds_of(label))


def within(label: str, families: frozenset[str]) -> bool:
    """Whether findings of these families could bear the label out."""
    return any(matches(f, kind) for f in families for kind in kinds_of(label))


def is_known(label: str) -> bool:
    return bool(kinds_of(label)) or label in NOT_OURS
