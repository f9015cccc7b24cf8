"""Reversible pseudonyms: a value becomes a placeholder for the model and comes back for the client.

Placeholders look like `[ID_CARD_KXWQ]`: a word that a model keeps in any language, and a code made
by HMAC from the conversation's key and the value. So the same value has the same placeholder
through a conversation and on every replica, with nothing stored, and nobody can guess one from
another.

`Restorer` finds placeholders again although a model may change case, brackets, blanks or width. It
promises the prefix stability of `detectors.base`: text before `open_from` cannot become part of
one.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field

import regex

from threegate.types import Channel, Span

_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"  # no words, and no digits that a detector may take for ids
CODE_LENGTH = 4


@dataclass(frozen=True, slots=True)
class Masked:
    """One masked value. `restore` says whether the client gets it back."""

    placeholder: str
    kind: str
    restore: bool = True
    value: str = field(default="", repr=False)


@dataclass(slots=True)
class MaskMap:
    """The masked values of one request. `key` belongs to the conversation."""

    key: bytes = field(repr=False)
    _by_value: dict[tuple[str, str], Masked] = field(default_factory=dict, repr=False)
    _by_code: dict[str, Masked] = field(default_factory=dict, repr=False)

    def mask(self, kind: str, value: str, *, restore: bool = True) -> str:
        """The placeholder of a value; the same one for the same value."""
        known = self._by_value.get((kind, value))
        if known is None:
            known = self._new(kind, value, restore=restore)
        return known.placeholder

    def entries(self) -> tuple[Masked, ...]:
        return tuple(self._by_code.values())

    def __len__(self) -> int:
        return len(self._by_code)

    def _new(self, kind: str, value: str, *, restore: bool) -> Masked:
        word = kind.rsplit(".", 1)[-1].upper()
        for length in range(CODE_LENGTH, 32):
            code = f"{word}_{_code(self.key, kind, value, length)}"
            if code not in self._by_code:
                break
        made = Masked(f"[{code}]", kind, restore, value)
        self._by_code[code] = self._by_value[kind, value] = made
        return made


def _code(key: bytes, kind: str, value: str, length: int) -> str:
    digest = hmac.new(key, f"{kind}\0{value}".encode(), hashlib.sha256).digest()
    return "".join(_ALPHABET[b % len(_ALPHABET)] for b in digest[:length])


def hashed(key: bytes, kind: str, value: str) -> str:
    """A one-way pseudonym: same value, same word, and no way back."""
    word = kind.rsplit(".", 1)[-1].upper()
    digest = hmac.new(key, f"hash\0{kind}\0{value}".encode(), hashlib.sha256)
    return f"[{word}#{digest.hexdigest()[:12]}]"


@dataclass(frozen=True, slots=True)
class Restored:
    span: Span
    text: str = field(repr=False)


_OPEN, _CLOSE = r"[\[［【〔(（<＜{「『]", r"[\]］】〕)）>＞}」』]"
_GAP = r"[\s_＿\-－·.]{0,2}"


def _fold(text: str) -> str:
    """Full-width ASCII to ASCII, upper case; length is kept."""
    return text.translate(_NARROW)


_NARROW = {0xFF01 + i: 0x21 + i for i in range(94)} | {c: c - 32 for c in range(0x61, 0x7B)}
_NARROW |= {0xFF41 + i: 0x41 + i for i in range(26)}


class Restorer:
    """Finds the placeholders of one map in text that arrives in pieces."""

    def __init__(self, masks: MaskMap) -> None:
        self._values = {_bare(m.placeholder): m for m in masks.entries() if m.restore}
        words = sorted(self._values, key=len, reverse=True)
        self._pattern = regex.compile(
            rf"(?:{_OPEN}\s?)?(?<![A-Za-z0-9_])(?P<code>{'|'.join(map(_loose, words))})"
            rf"(?![A-Za-z0-9])(?:\s?{_CLOSE})?"
        )

    def __bool__(self) -> bool:
        return bool(self._values)

    def find(
        self, text: str, start: int, channel: Channel, *, final: bool
    ) -> tuple[list[Restored], int]:
        """Placeholders from `start` on, and the position before which nothing can change any
        more."""
        out: list[Restored] = []
        if not self._values:
            return out, len(text)
        folded = _fold(text)
        for m in self._pattern.finditer(folded, start, partial=not final):
            if m.partial or (not final and m.end() + 2 > len(text)):
                return out, max(start, m.start())
            value = self._values[_bare(m["code"])].value
            out.append(Restored(Span(m.start(), m.end()), _as_json(value, channel)))
        return out, len(text)


def _as_json(value: str, channel: Channel) -> str:
    if channel is not Channel.TOOL_ARGUMENTS:
        return value
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _bare(placeholder: str) -> str:
    return "".join(c for c in placeholder.upper() if c.isalnum())


def _loose(bare: str) -> str:
    """Letters with optional gaps only where a mangled placeholder has them would be exact; between
    all letters is simpler and as safe, since the code makes the word unique."""
    return _GAP.join(map(regex.escape, bare))
