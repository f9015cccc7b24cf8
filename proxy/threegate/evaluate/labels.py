"""Labels of data sets as kinds of ours: which findings a labelled span accepts.

A label accepts a finding whose kind is one of its kinds or below one. Several, because data sets
cut the world otherwise: an account may be a bank card, an IBAN or a chat name.
"""

from __future__ import annotations

from threegate.policy.model import matches

PHONES = ("pii.phone", "pii.cn.mobile", "pii.cn.landline")
CN_DOCUMENTS = ("pii.cn.passport", "pii.cn.travel_permit", "pii.cn.military_id")
REGION_IDS = ("pii.hk.id_card", "pii.mo.id_card", "pii.tw.id_card")
SECRET = ("secret",)

KINDS_OF: dict[str, tuple[str, ...]] = {
    # people, places, organisations
    "PERSON": ("pii.person",),
    "NAME": ("pii.person",),
    "ADDRESS": ("pii.address",),
    "STREET_ADDRESS": ("pii.address",),
    "ORG": ("pii.org",),
    "ORGANIZATION": ("pii.org",),
    "DOB": ("pii.dob",),
    "DATE_OF_BIRTH": ("pii.dob",),
    "MEDICAL": ("pii.medical",),
    "ID_OTHER": (
        "pii.id_other",
        "pii.cn.medical_id",
        "pii.cn.social_security",
        "pii.cn.id_card",
        *CN_DOCUMENTS,
    ),
    "ACCOUNT": ("pii.account", "pii.cn.wechat", "pii.cn.qq", "pii.bank_card", "pii.iban"),
    # identifiers
    "CN_ID": ("pii.cn.id_card",),
    "CN_MOBILE": ("pii.cn.mobile",),
    "CN_LANDLINE": ("pii.cn.landline",),
    "CN_PASSPORT": ("pii.cn.passport",),
    "CN_PLATE": ("pii.cn.plate",),
    "CN_MEDICAL_ID": ("pii.cn.medical_id",),
    "CN_SOCIAL_SECURITY": ("pii.cn.social_security",),
    "SOCIAL_SECURITY": ("pii.cn.social_security",),
    "MEDICAL_ID": ("pii.cn.medical_id",),
    "CN_MILITARY_ID": ("pii.cn.military_id",),
    "MILITARY_ID": ("pii.cn.military_id",),
    "HK_PERMIT": ("pii.cn.travel_permit",),
    "TW_PERMIT": ("pii.cn.travel_permit",),
    "MO_PERMIT": ("pii.cn.travel_permit",),
    "TRAVEL_PERMIT": ("pii.cn.travel_permit",),
    "CN_PERMIT": ("pii.cn.travel_permit",),
    "USCC": ("pii.cn.uscc",),
    "WECHAT": ("pii.cn.wechat",),
    "QQ": ("pii.cn.qq",),
    "HK_ID": ("pii.hk.id_card",),
    "MO_ID": ("pii.mo.id_card",),
    "TW_ID": ("pii.tw.id_card",),
    "BANK_CARD": ("pii.bank_card",),
    "CREDIT_CARD": ("pii.bank_card",),
    "EMAIL": ("pii.email",),
    "EMAIL_ADDRESS": ("pii.email",),
    "US_PHONE": PHONES,
    "INTL_PHONE": PHONES,
    "PHONE": PHONES,
    "PHONE_NUMBER": PHONES,
    "IP": ("pii.ip",),
    "IP_ADDRESS": ("pii.ip",),
    "MAC": ("pii.mac",),
    "IBAN": ("pii.iban",),
    "IBAN_CODE": ("pii.iban",),
    "US_SSN": ("pii.us.ssn",),
    "UK_NHS": ("pii.uk.nhs",),
    "UK_NINO": ("pii.uk.nino",),
    "VIN": ("pii.vin",),
    "CRYPTO": ("pii.crypto_wallet",),
    "CRYPTO_WALLET": ("pii.crypto_wallet",),
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

NOT_OURS = frozenset({"LOCATION", "GPE", "DATE_TIME", "TITLE", "NRP", "AGE", "URL"})
"""Labels that nothing here reports on purpose: a city or a country names nobody."""


def accepts(label: str, kind: str) -> bool:
    return any(matches(own, kind) for own in KINDS_OF.get(label, ()))


def within(label: str, families: frozenset[str]) -> bool:
    """Whether findings of these families could bear the label out."""
    return any(matches(f, kind) for f in families for kind in KINDS_OF.get(label, ()))


def is_known(label: str) -> bool:
    return label in KINDS_OF or label in NOT_OURS
