"""What a client sent itself, so that an answer that repeats it is no leak. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from threegate.policy.constitution import sentences_of


def letters(text: str) -> str:
    """Letters and digits in lower case: the same value in another writing is no new value."""
    return "".join(filter(str.isalnum, text)).lower()


@dataclass(frozen=True, slots=True)
class ClientText:
    """`known` are the letters of all texts of a request. `quoted` are the beginnings, as letters,
    of the constitution's sentences that the request holds whole: who sends the beginning alone
    has not seen the rest."""

    known: str = field(default="", repr=False)
    quoted: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, text: str, constitutions: Iterable[str] = ()) -> ClientText:
        known = letters(text)
        sentences = (pair for one in constitutions for pair in sentences_of(one))
        quoted = frozenset(letters(head) for head, whole in sentences if letters(whole) in known)
        return cls(known, quoted)


NO_TEXT = ClientText()
