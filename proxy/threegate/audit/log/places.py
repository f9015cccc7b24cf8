"""Where a text stood, as the log may say it. Names of fields are chosen by clients and models, and
a key or a telephone number can be one. In place of such a name stands a code, the same wherever
this process names the field, so that a finding still leads to its text.
"""

from __future__ import annotations

import hashlib
import os
import re
from functools import lru_cache
from typing import Final

_NAME: Final = re.compile(r"[^/#:]+")
_PLAIN: Final = re.compile(
    r"[a-z_.-]{1,64}|\d{1,7}|(?!\D*(?:\d\D*){7})(?!.*[A-Za-z0-9]{16})[\w.-]{1,64}", re.ASCII
)
"""Small letters alone, or less than the shortest key with less than the shortest number."""
MAX_PLACE: Final = 256
"""Characters. Of a longer one the end is kept, which says most."""
_KEY: Final = os.urandom(32)


def recorded(place: str) -> str:
    """A pointer, a path or a word without the names that may be text."""
    return _short(place) if len(place) <= MAX_PLACE else _without_names(place)[-MAX_PLACE:]


@lru_cache(maxsize=1024)
def _short(place: str) -> str:
    return _without_names(place)[-MAX_PLACE:]


def _without_names(place: str) -> str:
    return _NAME.sub(lambda name: name[0] if _PLAIN.fullmatch(name[0]) else _code(name[0]), place)


def _code(name: str) -> str:
    """Keyed, since numbers are few enough to be tried."""
    written = name.encode("utf-8", "surrogatepass")
    return f"~{hashlib.blake2b(written, key=_KEY, digest_size=6).hexdigest()}"
