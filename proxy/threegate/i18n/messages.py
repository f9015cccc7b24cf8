"""Messages to callers of the API when something is refused or fails, in both languages, one entry
each. Programs read `code` and `type`; these texts are for people. An entry names what is wrong and
where, never a value that was sent. Errors of the audit log: `i18n.audit`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from threegate.i18n.catalog import texts
from threegate.types import Bilingual

ERRORS: Mapping[str, Bilingual] = texts("messages", "errors")


def localized(name: str, /, **details: object) -> Bilingual:
    """The text of one entry. Missing details are a bug and raise KeyError."""
    return ERRORS[name].filled(details)


def either(names: Iterable[str]) -> Bilingual:
    """A list as "one of …", in words."""
    words = [ERRORS[name] for name in names]
    return Bilingual("或".join(w.zh for w in words), " or ".join(w.en for w in words))
