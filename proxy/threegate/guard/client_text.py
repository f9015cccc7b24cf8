"""What the client itself has sent; an answer that repeats it is not a leak. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from threegate.policy.constitution import sentences_of


def letters(text: str) -> str:
    """Letters and digits in lower case, so that another spelling of a value is not a new value."""
    return _OTHERS.sub("", text).lower()


_OTHERS = re.compile(r"[\W_]+")
SEARCHED: Final = 1 << 28
"""Code points that the values of one answer are compared with at most, some 0.2 s of CPU time."""


@dataclass(slots=True)
class SentLetters:
    """The letters of all texts of a request, in which an answer's values (as letters) are looked
    up. An answer mostly repeats values in their order, so a search begins where the last one ended.
    Each value that is not there costs a pass over the whole: an answer that has used up `left`
    finds no further values, so they count as not sent."""

    text: str = field(default="", repr=False)
    left: int = SEARCHED
    _at: int = 0

    def __contains__(self, letters: str) -> bool:
        return self._found(letters, self._at, len(self.text)) or self._found(
            letters, 0, min(self._at + len(letters), len(self.text))
        )

    def _found(self, letters: str, start: int, end: int) -> bool:
        if self.left <= 0:
            return False
        at = self.text.find(letters, start, end)
        self.left -= (end if at < 0 else at) - start
        self._at = self._at if at < 0 else at
        return at >= 0


@dataclass(frozen=True, slots=True)
class ClientText:
    """`known`: what the request contains. `quoted`: the beginnings (as letters) of those sentences
    of the constitution that the request contains in full; a client that sends only a beginning may
    not know the rest."""

    known: SentLetters = field(default_factory=SentLetters, repr=False)
    quoted: frozenset[str] = field(default=frozenset(), repr=False)

    @classmethod
    def of(cls, text: str, constitutions: Iterable[str] = ()) -> ClientText:
        known = letters(text)
        sentences = (pair for one in constitutions for pair in sentences_of(one))
        quoted = frozenset(letters(head) for head, whole in sentences if letters(whole) in known)
        return cls(SentLetters(known), quoted)


NO_TEXT = ClientText()
