"""Check digits of identifiers, pure functions over ASCII strings without separators.

Test vectors are in `tests/detectors/test_checksums.py`; sources are the standards named per
function.
"""

from __future__ import annotations

_MOD11_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", "12345678123457923456789", strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_LUHN_DOUBLE = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_TW_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1."""
    odd = sum(map(int, digits[-1::-2]))
    return (odd + sum(_LUHN_DOUBLE[int(d)] for d in digits[-2::-2])) % 10 == 0


def resident_id(value: str) -> bool:
    """GB 11643 (ISO 7064 MOD 11-2) over 18 characters, the last may be X or x."""
    total = sum(w * int(d) for w, d in zip(_MOD11_WEIGHTS, value, strict=False))
    return "10X98765432"[total % 11] == value[17].upper()


def uscc(value: str) -> bool:
    """GB 32100 over 18 upper-case characters."""
    if any(c not in USCC_ALPHABET for c in value):
        return False
    total = sum(w * USCC_ALPHABET.index(c) for w, c in zip(USCC_WEIGHTS, value, strict=False))
    return (31 - total % 31) % 31 == USCC_ALPHABET.index(value[17])


def vin(value: str) -> bool:
    """ISO 3779 / GB 16735 check digit over 17 upper-case characters without I, O, Q."""
    total = sum(w * int(_VIN_VALUES.get(c, c)) for w, c in zip(_VIN_WEIGHTS, value, strict=True))
    return "0123456789X"[total % 11] == value[8]


def mod97(value: str) -> bool:
    """ISO 13616 (IBAN) over upper-case characters."""
    moved = value[4:] + value[:4]
    return int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def hong_kong_id(value: str) -> bool:
    """One or two letters, six digits, check character."""
    padded = value.rjust(9)
    total = sum((9 - i) * (36 if c == " " else int(c, 36)) for i, c in enumerate(padded[:8]))
    return "0123456789A"[-total % 11] == padded[8]


def taiwan_id(value: str) -> bool:
    """Letter and nine digits; the letter is worth 10 to 35 in the order of `_TW_LETTERS`."""
    first = _TW_LETTERS.index(value[0]) + 10
    weights = (8, 7, 6, 5, 4, 3, 2, 1, 1)
    total = first // 10 + first % 10 * 9
    return (total + sum(w * int(d) for w, d in zip(weights, value[1:], strict=True))) % 10 == 0


def nric(value: str) -> bool:
    """Singapore NRIC or FIN: letter, seven digits, letter. Of series M no source was readable."""
    head, last = value[0], value[8]
    total = sum(w * int(d) for w, d in zip((2, 7, 6, 5, 4, 3, 2), value[1:8], strict=True))
    total += 4 if head in "TG" else 0
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK"}
    return head == "M" or (head in letters and letters[head][total % 11] == last)


def nhs(digits: str) -> bool:
    """UK NHS number, 10 digits, modulus 11."""
    total = sum((10 - i) * int(d) for i, d in enumerate(digits[:9]))
    return (11 - total % 11) % 11 == int(digits[9])
