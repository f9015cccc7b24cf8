"""Check digits of identifiers, pure functions over ASCII strings without separators.

Test vectors are in `tests/test_checksums.py`; sources are the standards named per function.
"""

from __future__ import annotations

import string
from collections.abc import Callable
from operator import mul

MOD11_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
NONE = 255


def _table(worth: dict[str, int]) -> bytes:
    """Maps each byte to its value, digits to themselves: bytes with tables and `map` cost a third
    of a loop."""
    known = {str(digit): digit for digit in range(10)} | worth
    return bytes(known.get(chr(code), NONE) for code in range(256))


_VALUES = _table({})
_DOUBLED = bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)) + bytes(range(10, 256))
_USCC_VALUES = _table({c: place for place, c in enumerate(USCC_ALPHABET)})
VIN_VALUES = _table(
    dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "12345678123457923456789"), strict=True))
)
_HONG_KONG_VALUES = _table({c: int(c, 36) for c in string.ascii_uppercase} | {" ": 36})
_IBAN_VALUES = {c: str(int(c, 36)) for c in string.digits + string.ascii_uppercase}
_TW_LETTERS = "ABCDEFGHJKLMNPQRSTUVXYWZIO"


def completed(body: str, check: Callable[[str], bool]) -> str:
    """The body followed by its check character, a digit or X."""
    return next(made for last in "0123456789X" if check(made := body + last))


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1."""
    values = digits.encode().translate(_VALUES)
    return (sum(values[-1::-2]) + sum(values[-2::-2].translate(_DOUBLED))) % 10 == 0


def resident_id(value: str) -> bool:
    """GB 11643 (ISO 7064 MOD 11-2) over 18 characters, the last may be X or x."""
    total = sum(map(mul, MOD11_WEIGHTS, value.encode().translate(_VALUES)))
    return "10X98765432"[total % 11] == value[17].upper()


def mod11_2(value: str) -> bool:
    """ISO 7064 MOD 11-2 over digits of any number; the last may be X."""
    total = 0
    for digit in value.upper():
        total = (2 * total + (10 if digit == "X" else int(digit))) % 11
    return total == 1


def mod11_10(digits: str) -> bool:
    """ISO 7064 MOD 11,10 over digits of any number."""
    product = 10
    for digit in digits[:-1]:
        product = 2 * ((product + int(digit)) % 10 or 10) % 11
    return (product + int(digits[-1])) % 10 == 1


def mod97_10(value: str) -> bool:
    """ISO 7064 MOD 97-10 over digits and upper-case letters, the two check digits last. Computed
    piece by piece, because Python reads no number of more than 4,300 digits."""
    digits, rest = "".join(map(_IBAN_VALUES.__getitem__, value)), 0
    for at in range(0, len(digits), 300):
        rest = int(str(rest) + digits[at : at + 300]) % 97
    return rest == 1


def uscc(value: str) -> bool:
    """GB 32100 over 18 upper-case characters."""
    values = value.encode().translate(_USCC_VALUES)
    total = sum(map(mul, USCC_WEIGHTS, values))
    return max(values) < len(USCC_ALPHABET) and (31 - total % 31) % 31 == values[17]


def vin(value: str) -> bool:
    """ISO 3779 / GB 16735 check digit over 17 upper-case characters without I, O, Q."""
    total = sum(map(mul, VIN_WEIGHTS, value.encode().translate(VIN_VALUES)))
    return "0123456789X"[total % 11] == value[8]


def mod97(value: str) -> bool:
    """ISO 13616 (IBAN) over upper-case characters."""
    return mod97_10(value[4:] + value[:4])


def hong_kong_id(value: str) -> bool:
    """One or two letters, six digits, check character."""
    padded = value.rjust(9)
    total = sum(map(mul, range(9, 1, -1), padded[:8].encode().translate(_HONG_KONG_VALUES)))
    return "0123456789A"[-total % 11] == padded[8]


def taiwan_id(value: str) -> bool:
    """Letter and nine digits."""
    weights = (8, 7, 6, 5, 4, 3, 2, 1, 1)
    total = taiwan_letter(value[0])
    return (total + sum(w * int(d) for w, d in zip(weights, value[1:], strict=True))) % 10 == 0


def taiwan_letter(letter: str) -> int:
    """The value of the letter: the two digits of 10 to 35, in the order of `_TW_LETTERS`, the
    second times nine."""
    tens, ones = divmod(_TW_LETTERS.index(letter) + 10, 10)
    return tens + ones * 9


def nric(value: str) -> bool:
    """Singapore NRIC or FIN: letter, seven digits, letter. For series M no source was available."""
    head, last = value[0], value[8]
    total = sum(w * int(d) for w, d in zip((2, 7, 6, 5, 4, 3, 2), value[1:8], strict=True))
    total += 4 if head in "TG" else 0
    letters = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK"}
    return head == "M" or (head in letters and letters[head][total % 11] == last)


def nhs(digits: str) -> bool:
    """UK NHS number, 10 digits, modulus 11."""
    total = sum((10 - i) * int(d) for i, d in enumerate(digits[:9]))
    return (11 - total % 11) % 11 == int(digits[9])
