"""Values named by a hash, so that an exception for one value never contains the value. Full width,
invisible characters, letter case, spaces anywhere and hyphens between digits make no difference:
`6222-0212 3456` is `622202123456`.
"""

from __future__ import annotations

import hashlib
import re
import secrets

from threegate.normalize.fold import plain_text

_BLANKS = re.compile(r"\s+")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[-‐‑‒–—−]+(?=\d)")


def new_salt() -> str:
    return secrets.token_hex(8)


def normalised(value: str) -> str:
    """One form for every spelling of a value."""
    return _BETWEEN_DIGITS.sub("", _BLANKS.sub("", plain_text(value).casefold()))


def value_sha256(value: str, salt: str = "") -> str:
    """SHA-256 over salt and normalised value, as 64 hexadecimal digits."""
    text = salt + normalised(value)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
