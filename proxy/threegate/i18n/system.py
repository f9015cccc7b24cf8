"""Why the operating system refused something, in both languages."""

from __future__ import annotations

import errno
import socket

from threegate.i18n.catalog import texts
from threegate.types import Bilingual


def reason(error: OSError) -> Bilingual:
    """An error that the catalog does not have keeps the system's own words."""
    words = error.strerror or type(error).__name__
    return texts("system", "reasons").get(_name(error), Bilingual(words, words))


def _name(error: OSError) -> str:
    """The numbers of the look-up of a host name are not those of `errno`, and differ by system."""
    if not isinstance(error, socket.gaierror):
        return errno.errorcode.get(error.errno or 0, "")
    names = ("EAI_AGAIN", "EAI_NONAME")
    return next((name for name in names if getattr(socket, name) == error.errno), "")
