"""Addresses of databases and stores as logs and messages may show them."""

from __future__ import annotations

import re
from typing import Final

_USER_INFO: Final = re.compile(r"(://[^:/@]*):.*@", re.DOTALL)
"""To the last `@`: drivers differ in which one ends a password that has some itself."""

_PARAMETER: Final = re.compile(r"([?&][^=&#]*pass[^=&#]*=)[^&#]+", re.IGNORECASE)


def without_password(url: str) -> str:
    """`url` with `***` for its password, before the host or in a parameter; host, user and database
    stay, so that an operator sees which one was meant."""
    return _PARAMETER.sub(r"\1***", _USER_INFO.sub(r"\1:***@", url))
