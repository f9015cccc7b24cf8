"""What Presidio checks of national identifiers, computed of many in a long text at once.

Presidio computes one check digit after the other, in Python. These functions tell wrong ones, and
none that Presidio takes for right; at what is left it decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial

import numpy as np

from threegate.detectors.engine.digit_index import Ints, Mask
from threegate.detectors.presidio.columns import (
    LETTERS,
    SIGN,
    Columns,
    Right,
    cross,
    divides,
    is_day,
    lettered,
    luhn,
    never,
    place_of,
    powers,
    two,
    verhoeff,
    weighed,
)
from threegate.detectors.presidio.without_spacy import without_spacy

with without_spacy():
    from presidio_analyzer.predefined_recognizers import SgUenRecognizer


def _indian(digits: Columns) -> Mask:
    same = np.all([digits[n] == digits[-1 - n] for n in range(6)], axis=0)
    right: Mask = verhoeff(digits) & (digits[0] > 1) & ~same
    return right


def _thai(digits: Columns) -> Mask:
    right: Mask = (11 - weighed(digits, range(13, 1, -1)) % 11) % 10 == digits[12]
    return right


def _italian_tax(digits: Columns) -> Mask:
    right: Mask = luhn(digits) & (weighed(digits, [1] * 11) > 0)
    return right


def _turkish(digits: Columns) -> Mask:
    tenth = (weighed(digits, (7, -1, 7, -1, 7, -1, 7, -1, 7)) - digits[9]) % 10 == 0
    right: Mask = tenth & (weighed(digits, [1] * 10) % 10 == digits[10])
    return right


def _south_african(digits: Columns) -> Mask:
    """Born in the last hundred years."""
    today, (year, month, day) = date.today(), (two(digits, n) for n in (0, 2, 4))
    year = year + np.where(year > today.year % 100, 1900, 2000)
    born = year * 10_000 + month * 100 + day
    right: Mask = luhn(digits) & is_day(month, day) & (born <= int(today.strftime("%Y%m%d")))
    right &= (month != 2) | (day < 29) | (year % 4 == 0) & (year != 1900)
    return right


def _korean_business(digits: Columns) -> Mask:
    tens = digits[8] * 5 // 10
    right: Mask = (weighed(digits, (1, 3, 7, 1, 3, 7, 1, 3, 5, 1)) + tens) % 10 == 0
    return right


def _swedish(digits: Columns) -> Mask:
    """Days of those who are registered for a time are 60 more."""
    digits = digits[-10:]
    month, day = two(digits, 2), two(digits, 4)
    day = day - 60 * (day > 60)
    right: Mask = luhn(digits) & (month > 0) & (month < 13) & (day > 0) & (day < 32)
    return right


def _swedish_company(digits: Columns) -> Mask:
    return luhn(digits) & (digits[2] > 1)


def _american_provider(digits: Columns) -> Mask:
    issuer = [np.full_like(digits[0], digit) for digit in (8, 0, 8, 4, 0)]
    same = np.all([digit == digits[0] for digit in digits[1:9]], axis=0)
    right: Mask = luhn([*issuer, *digits]) & ~same
    return right


def _american_doctor(columns: Columns) -> Mask:
    right: Mask = (weighed(columns[2:], (1, 2, 1, 2, 1, 2, -1))) % 10 == 0
    return right


def _german_tax(digits: Columns) -> Mask:
    """ISO 7064 Mod 11, 10; no digit stands there more than three times."""
    product = np.full_like(digits[0], 10)
    for digit in digits[:10]:
        total = (digit + product) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    often = np.max([np.sum([d == n for d in digits[:10]], axis=0) for n in range(10)], axis=0)
    right: Mask = ((11 - product) % 10 == digits[10]) & (often < 4)
    return right


def _german_patient(columns: Columns) -> Mask:
    letter = columns[0] - LETTERS + 1
    digits = [letter // 10, letter % 10, *columns[1:9]]
    crossed = [cross(digit * (1 + place % 2)) for place, digit in enumerate(digits)]
    right: Mask = weighed(crossed, [1] * 10) % 10 == columns[9]
    return right


def _german_card(columns: Columns) -> Mask:
    """Old ones, a T and digits, have none."""
    old = (columns[0] == int("T", 36)) & np.all([c < LETTERS for c in columns[1:]], axis=0)
    right: Mask = old | (weighed(columns[:-1], (7, 3, 1) * 3) % 10 == columns[8])
    return right


def _german_pension(columns: Columns) -> Mask:
    letter, day = columns[8] - LETTERS + 1, two(columns, 2)
    day, month = day - 50 * (day > 50), two(columns, 4)
    digits = [*columns[:8], letter // 10, letter % 10, *columns[9:11]]
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    crossed = [cross(digit * weight) for digit, weight in zip(digits, weights, strict=True)]
    born = (day > 0) & (day < 32) & (month > 0) & (month < 13)
    right: Mask = born & (weighed(crossed, [1] * 12) % 10 == columns[11])
    return right


def _spanish_foreigner(columns: Columns) -> Mask:
    first = columns[0] - int("X", 36)
    right = lettered(_SPANISH, 23, powers(8), [first, *columns[1:]])
    return right & (first >= 0)


def _finnish(columns: Columns) -> Mask:
    """Of the eleven characters the sign behind the date says nothing."""
    columns = [*columns[:6], *columns[-4:]]
    right = lettered("0123456789ABCDEFHJKLMNPRSTUVWXY", 31, powers(9), columns)
    return right & is_day(two(columns, 2), two(columns, 0))


def _singapore(columns: Columns) -> Mask:
    """See `checksums.nric`."""
    first, place = columns[0], weighed(columns[1:8], (2, 7, 6, 5, 4, 3, 2))
    place = (place + 4 * _among("TG", first)) % 11
    right = _among("M", first)
    right |= _among("ST", first) & (place_of("JZIHGFEDCBA")[columns[8]] == place)
    right |= _among("FG", first) & (place_of("XWUTRQPNMLK")[columns[8]] == place)
    return right


def _among(chars: str, column: Ints) -> Mask:
    return np.isin(column, [int(c, 36) for c in chars])


def _singapore_business(columns: Columns) -> Mask:
    """Older ones; what was registered since begins with its year."""
    right: Mask = weighed(columns, powers(4)) <= date.today().year
    return right & lettered("ZKCMDNERGWH", 11, (10, 8, 6, 4, 9, 7, 5, 3, 1), columns)


def _singapore_body(columns: Columns) -> Mask:
    chars = "ABCDEFGHJKLMNPQRSTUVWX0123456789"
    places = [place_of(chars)[column] for column in columns]
    kinds = [int(kind, 36) for kind in SgUenRecognizer.UEN_FORMAT_C_ENTITY_TYPE]
    right: Mask = np.isin(columns[3] * 36 + columns[4], kinds)
    right &= (weighed(places[:-1], (4, 3, 5, 3, 10, 2, 2, 5, 7)) - 5) % 11 == places[-1]
    return right


def _singapore_firm(columns: Columns) -> Mask:
    business = columns[0] < LETTERS
    right: Mask = np.where(business, _singapore_business(columns), _singapore_body(columns))
    return right


def _indian_tax(columns: Columns) -> Mask:
    """A state and a PAN, the first letters of which may be digits."""
    state, letters = two(columns, 0), np.sum([c >= LETTERS for c in columns[2:7]], axis=0)
    digits = np.all([c < LETTERS for c in columns[7:11]], axis=0)
    pan = digits & (letters > 2) & (columns[11] >= LETTERS)
    right: Mask = pan & (state > 0) & (state < 38)
    return right


def _indian_pan(columns: Columns) -> Mask:
    letter = np.any([(c >= LETTERS) & (c < SIGN) for c in columns], axis=0)
    digits = [c < LETTERS for c in columns]
    four = np.any([np.all(digits[n : n + 4], axis=0) for n in range(7)], axis=0)
    right: Mask = letter & four
    return right


def _british_plate(columns: Columns) -> Mask:
    """Two letters and an age; older ones have none."""
    new = np.all([columns[n] >= LETTERS for n in (0, 1)], axis=0)
    new &= np.all([columns[n] < LETTERS for n in (2, 3)], axis=0)
    age = two(columns, 2)
    right: Mask = ~new | ((age > 1) & (age < 30)) | ((age > 50) & (age < 80))
    return right


_SPANISH = "TRWAGMYFPDXBNJZSQVHLCKE"
_AUSTRALIAN = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
CHECKS: Mapping[str, Mapping[int, Right]] = {
    "AU_ABN": {11: partial(divides, 89, _AUSTRALIAN, 10)},
    "AU_ACN": {9: partial(divides, 10, (*range(8, 0, -1), 1), 0)},
    "AU_MEDICARE": {10: partial(divides, 10, (1, 3, 7, 9, 1, 3, 7, 9, -1), 0)},
    "AU_TFN": {9: partial(divides, 11, (1, 4, 3, 7, 5, 8, 6, 9, 10), 0)},
    "CA_SIN": {9: luhn},
    "DE_HEALTH_INSURANCE": {10: _german_patient},
    "DE_ID_CARD": {9: _german_card},
    "DE_SOCIAL_SECURITY": {12: _german_pension},
    "DE_TAX_ID": {11: _german_tax},
    "ES_NIE": {8: never, 9: _spanish_foreigner, 10: never},
    "ES_NIF": {
        8: partial(lettered, _SPANISH, 23, powers(7)),
        9: partial(lettered, _SPANISH, 23, powers(8)),
    },
    "FI_PERSONAL_IDENTITY_CODE": {10: _finnish, 11: _finnish},
    "IN_AADHAAR": {12: _indian},
    "IN_GSTIN": {15: _indian_tax},
    "IT_VAT_CODE": {11: _italian_tax},
    "KR_BRN": {10: _korean_business},
    "MEDICAL_LICENSE": {9: _american_doctor},
    "NG_NIN": {11: verhoeff},
    "PL_PESEL": {11: partial(divides, 10, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 0)},
    "SE_ORGANISATIONSNUMMER": {10: _swedish_company},
    "SE_PERSONNUMMER": {10: _swedish, 11: _swedish, 12: _swedish},
    "SG_NRIC_FIN": {9: _singapore},
    "SG_UEN": {
        9: partial(lettered, "XMKECAWLJDB", 11, (10, 4, 9, 3, 8, 2, 7, 1)),
        10: _singapore_firm,
    },
    "TH_TNIN": {13: _thai},
    "TR_NATIONAL_ID": {11: _turkish},
    "UK_VEHICLE_REGISTRATION": {7: _british_plate},
    "US_NPI": {10: _american_provider},
    "ZA_ID_NUMBER": {13: _south_african},
}
"""By entity and number of characters."""
MORE = frozenset(("DE_VAT_ID", "FI_PERSONAL_IDENTITY_CODE", "IT_FISCAL_CODE", "KR_RRN"))
"""Entities of which the digits say more to Presidio than these checks do."""
WRITTEN: Mapping[str, tuple[int, Right]] = {"IN_PAN": (10, _indian_pan)}
"""By entity: of the same with what groups them, each sign a `SIGN`."""
