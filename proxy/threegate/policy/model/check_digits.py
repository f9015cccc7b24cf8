"""Check digits of an organisation's own numbers: the schemes that a pattern can name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum

from threegate import checksums


class CheckDigits(StrEnum):
    LUHN = "luhn"
    MOD11_2 = "mod11_2"
    MOD11_10 = "mod11_10"
    MOD97_10 = "mod97_10"
    GB32100 = "gb32100"


_DIGITS, _DIGITS_X, _LETTERS = re.compile(r"[0-9]"), re.compile(r"[0-9]|X$"), re.compile("[0-9A-Z]")
_SCHEMES: Mapping[CheckDigits, tuple[re.Pattern[str], Callable[[str], bool]]] = {
    CheckDigits.LUHN: (_DIGITS, checksums.luhn),
    CheckDigits.MOD11_2: (_DIGITS_X, checksums.mod11_2),
    CheckDigits.MOD11_10: (_DIGITS, checksums.mod11_10),
    CheckDigits.MOD97_10: (_LETTERS, checksums.mod97_10),
    CheckDigits.GB32100: (_LETTERS, checksums.uscc),
}
"""The part of a value that each scheme reads, and its check."""
_LENGTH = {CheckDigits.GB32100: 18}


def agree(scheme: CheckDigits | None, value: str) -> bool:
    """Whether the check digits of a value are valid; without a scheme they always are. Separators
    do not count, nor, where a scheme has only digits, letters (a prefix such as `LC-`)."""
    if scheme is None:
        return True
    reads, check = _SCHEMES[scheme]
    read = "".join(reads.findall(value.upper()))[-_LENGTH.get(scheme, 0) :]
    return len(read) >= _LENGTH.get(scheme, 2) and check(read)
