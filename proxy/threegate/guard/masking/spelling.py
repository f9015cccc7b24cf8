"""The plain spelling of a value: 139-1234-5678 and +86 139 1234 5678 are 13912345678.

Only spellings that certainly mean the same share a plain spelling. Two numbers that differ only in
a country code, other than those of China and North America, count as different.
"""

from __future__ import annotations

import re
import unicodedata

_NUMBER = re.compile(
    r"(?=(?:[^0-9]*[0-9]){6})[+(]?[A-Z0-9](?:[ \t\n\-‐-―./()·]{0,3}[A-Z0-9])+[)]?", re.IGNORECASE
)
"""Six digits or more; shorter values may differ in their separators only."""
_PERSONAL = "pii."
"""Prefixes of the kinds that may have spellings. Letter case and symbols are part of a secret, and
may be part of what a policy defines."""
_SIGNS_COUNT = ("ip", "address", "account", "wechat", "dob", "crypto_wallet")
"""Last words of kinds in which a symbol between two digits or the case of a letter has a
meaning."""
_CHINA, _AMERICA = ("mobile", "landline"), "phone"
_MOBILE, _LANDLINE, _AMERICAN = 11, 9, 11


def plain_spelling(kind: str, value: str) -> str:
    """Numbers in capitals and without separators, telephone numbers also without the codes of China
    and North America, e-mail addresses in lower case; other values unchanged."""
    what = kind.rpartition(".")[2]
    if what == "email":
        return value.lower()
    if not kind.startswith(_PERSONAL) or what in _SIGNS_COUNT:
        return value
    text = unicodedata.normalize("NFKC", value)
    if not _NUMBER.fullmatch(text):
        return value
    return _national(what, "".join(filter(str.isalnum, text)).upper())


def _national(what: str, number: str) -> str:
    if what in _CHINA:
        least = _MOBILE if what == "mobile" else _LANDLINE
        number = number.lstrip("0") if what == "landline" or len(number) > _MOBILE else number
        abroad = number.startswith("86") and len(number) - 2 >= least
        return number[2:] if abroad else number
    if what == _AMERICA and len(number) == _AMERICAN and number[0] == "1":
        return number[1:]
    return number
