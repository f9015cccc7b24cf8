"""Reversible pseudonyms: the model gets a placeholder in place of a value. `restore` undoes it.

Placeholders look like `[ID_CARD_KXWQ]`: a word that a model keeps in any language, and a code made
by HMAC from the conversation's key and the value. The same value has the same placeholder in a
whole conversation and on every replica, nothing is stored, and no placeholder reveals another.
Spellings of one value share its code, so that the model can tell that they are the same, and each
comes back as it was: `[MOBILE_KXWQ]` is 13912345678, `[MOBILE_KXWQ_PT]` is 139-1234-5678.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256

from threegate.guard.masking.spelling import plain_spelling
from threegate.guard.masking.synthetic import synthetic as synthetic_value
from threegate.policy.model import Restoring
from threegate.types import frozen

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"  # no words, and no digits that a detector could take for ids
_LETTERS = bytes(ord(ALPHABET[byte % len(ALPHABET)]) for byte in range(256))
CODE_LENGTH = 4
SPELLING_LENGTH = 2
"""Letters after the code of a value that is not in its plain spelling; fewer than a code has."""
ATTEMPTS = 8
"""Made-up values tried before a placeholder is used."""
EVERYWHERE = Restoring()


@frozen
class Masked:
    """One masked value. `bare` is the placeholder's letters and digits; `restore` says where the
    client gets the value back (None: nowhere)."""

    placeholder: str
    bare: str
    kind: str
    restore: Restoring | None = EVERYWHERE
    value: str = field(default="", repr=False)
    synthetic: bool = False

    @property
    def code(self) -> str:
        """`bare` without the letters of the spelling, which a model may leave out."""
        spelling = self.placeholder.strip("[]").rpartition("_")[2]
        apart = not self.synthetic and len(spelling) < CODE_LENGTH
        return self.bare.removesuffix(spelling) if apart else self.bare


@dataclass(slots=True)
class MaskMap:
    """The masked values of one request. `key` belongs to the conversation."""

    key: bytes = field(repr=False)
    _keyed: KeyedHash | None = field(default=None, repr=False)
    _by_value: dict[tuple[str, str], Masked] = field(default_factory=dict, repr=False)
    _by_bare: dict[str, Masked] = field(default_factory=dict, repr=False)

    def mask(
        self,
        kind: str,
        value: str,
        *,
        restore: Restoring | None = EVERYWHERE,
        synthetic: bool = False,
    ) -> str:
        """The placeholder of a value; the same one for the same value. `synthetic`: a made-up
        value of the same shape, where the value has one."""
        known = self._by_value.get((kind, value))
        if known is None:
            made = self._made_up(kind, value, restore=restore) if synthetic else None
            known = made or self._new(kind, value, restore=restore)
        return known.placeholder

    def adopt(self, masked: Masked) -> None:
        """Adds a value that was masked before in the same conversation."""
        self._by_bare[masked.bare] = self._by_value[masked.kind, masked.value] = masked

    def entries(self) -> tuple[Masked, ...]:
        return tuple(self._by_bare.values())

    def __len__(self) -> int:
        return len(self._by_bare)

    def _made_up(self, kind: str, value: str, *, restore: Restoring | None) -> Masked | None:
        for attempt in range(ATTEMPTS):
            stand_in = synthetic_value(self.key, kind, value, attempt)
            if stand_in is None:
                return None
            if (bare := _bare(stand_in)) not in self._by_bare:
                made = Masked(stand_in, bare, kind, restore, value, synthetic=True)
                self._by_bare[bare] = self._by_value[kind, value] = made
                return made
        return None

    def _new(self, kind: str, value: str, *, restore: Restoring | None) -> Masked:
        self._keyed = self._keyed or KeyedHash(self.key)
        plain = plain_spelling(kind, value)
        code = _letters(self._keyed, kind, plain)
        spelling = "" if value == plain else _letters(self._keyed, kind, value)
        placeholder, bare = _first_free(_placeholders(kind, code, spelling), self._by_bare)
        masked = Masked(placeholder, bare, kind, restore, value)
        self._by_bare[bare] = self._by_value[kind, value] = masked
        return masked


def _first_free(made: Iterator[tuple[str, str]], taken: Mapping[str, Masked]) -> tuple[str, str]:
    """The last one where none is free, which 28 letters make impossible in practice."""
    pair = next(made)
    while pair[1] in taken and (longer := next(made, None)):
        pair = longer
    return pair


def _placeholders(kind: str, code: str, spelling: str) -> Iterator[tuple[str, str]]:
    """Placeholders of growing length, each with its `bare`: nearly always the first is free.
    `spelling` is empty for a value in its plain spelling."""
    word, bare = f"[{_word(kind)}_", bare_word(kind)
    if not spelling:
        for n in range(CODE_LENGTH, len(code)):
            yield f"{word}{code[:n]}]", bare + code[:n]
        return
    word, bare = word + code[:CODE_LENGTH], bare + code[:CODE_LENGTH]
    for n in range(SPELLING_LENGTH, len(spelling)):
        apart = "_" if n < CODE_LENGTH else ""
        yield f"{word}{apart}{spelling[:n]}]", bare + spelling[:n]


class KeyedHash:
    """HMAC-SHA256 (RFC 2104) of many short messages: the key blocks are hashed once, while OpenSSL
    sets up its own state for each message at three times the cost."""

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= _BLOCK else sha256(key).digest()).ljust(_BLOCK, b"\0")
        self._inner, self._outer = sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))

    def digest(self, message: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


_BLOCK = 64
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


def _letters(keyed: KeyedHash, kind: str, value: str) -> str:
    """As many letters as the longest code may need."""
    return keyed.digest(f"{kind}\0{value}".encode()).translate(_LETTERS).decode()


@cache
def _word(kind: str) -> str:
    return kind.rsplit(".", 1)[-1].upper()


@cache
def bare_word(kind: str) -> str:
    """The word of a kind as it appears in `Masked.bare`."""
    return _bare(_word(kind))


def hashed(key: bytes, kind: str, value: str) -> str:
    """A one-way pseudonym: the same value in any spelling gives the same word, with no way back."""
    plain = plain_spelling(kind, value)
    digest = hmac.digest(key, f"hash\0{kind}\0{plain}".encode(), "sha256")
    return f"[{_word(kind)}#{digest.hex()[:12]}]"


def _bare(placeholder: str) -> str:
    return "".join(filter(str.isalnum, placeholder.upper()))
