"""What the client itself has sent; an answer that repeats it is not a leak. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from threegate.policy.constitution import sentences_of


def letters(text: str) -> str:
    """Letters and digits in lower case, so that another spelling of a value is not a new value."""
    return _OTHERS.sub("", text).lower()


_OTHERS = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class ClientText:
    """`known`: the letters of all texts of a request. `quoted`: the beginnings (as letters) of
    those sentences of the constitution that the request contains in full; a client that sends only
    a beginning may not know the rest."""

    known: str = field(default="", repr=False)
    quoted: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, text: str, constitutions: Iterable[str] = ()) -> ClientText:
        known = letters(text)
        sentences = (pair for one in constitutions for pair in sentences_of(one))
        quoted = frozenset(letters(head) for head, whole in sentences if letters(whole) in known)
        return cls(known, quoted)


NO_TEXT = ClientText()
