"""Why the operating system refused something, in both languages."""

from __future__ import annotations

import errno

from threegate.i18n.catalog import texts
from threegate.types import Bilingual


def reason(error: OSError) -> Bilingual:
    """An error that the catalog does not have keeps the system's own words."""
    words = error.strerror or type(error).__name__
    name = errno.errorcode.get(error.errno or 0, "")
    return texts("system", "reasons").get(name, Bilingual(words, words))
