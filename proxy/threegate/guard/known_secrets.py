"""Removes the proxy's own keys from everything that a model API returns.

An API may repeat the key with which it was called, in an error, an id, a header or a text. Keys are
matched exactly, also when they arrive in pieces.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from threegate.guard.masking.restore import Restored
from threegate.types import Bilingual, Span

REMOVED = "[KEY_REMOVED]"
"""In ids, headers and errors, which have no language."""
IN_ANSWERS = Bilingual("[密钥已删除]", REMOVED)
KIND = "secret.own_key"
SHORTEST = 8
"""Minimum length in code points: shorter keys (`EMPTY`, `none`) are ordinary words."""


@dataclass(frozen=True, slots=True)
class KnownSecrets:
    """`forms` are the spellings of the keys to search for, `removed` what replaces them."""

    forms: tuple[str, ...] = field(default=(), repr=False)
    removed: str = REMOVED
    _pattern: re.Pattern[str] = field(default=re.compile("(?!)"), repr=False, compare=False)

    @classmethod
    def of(cls, keys: Iterable[str]) -> KnownSecrets:
        found = {key for key in keys if len(key) >= SHORTEST}
        forms = sorted(found | {key.replace("/", "\\/") for key in found}, key=len, reverse=True)
        pattern = "|".join(map(re.escape, forms)) or "(?!)"
        return cls(tuple(forms), _pattern=re.compile(pattern))

    def __bool__(self) -> bool:
        return bool(self.forms)

    def in_answers(self, language: str) -> KnownSecrets:
        """The same keys, with replacements in the call's language."""
        return replace(self, removed=IN_ANSWERS.get(language))

    def scrubbed(self, text: str) -> str:
        return self._pattern.sub(self.removed, text) if self.forms else text

    def find(self, text: str, base: int, start: int, *, final: bool) -> tuple[list[Restored], int]:
        """The keys from `start` on with their replacements, and the position before which no
        further key can begin. `text` begins at `base`; positions count from the whole text's
        start."""
        at, out = start - base, []
        for found in self._pattern.finditer(text, at):
            out.append(Restored(Span(base + found.start(), base + found.end()), self.removed, KIND))
            at = found.end()
        return out, base + (len(text) if final else self._open_from(text, at))

    def _open_from(self, text: str, start: int) -> int:
        """The position at the end of the text from which a key may begin."""
        return min(self._beginnings(text, start), default=len(text))

    def _beginnings(self, text: str, start: int) -> Iterator[int]:
        for form in self.forms:
            at = text.find(form[0], max(start, len(text) - len(form) + 1))
            while at >= 0:
                if form.startswith(text[at:]):
                    yield at
                    break
                at = text.find(form[0], at + 1)


class ByteScrubber:
    """The same for bytes that arrive in pieces."""

    def __init__(self, secrets: KnownSecrets) -> None:
        self._secrets = secrets
        self._held = ""

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        """The bytes that can safely be passed on and have not been returned yet."""
        if not self._secrets:
            return data
        text = self._secrets.scrubbed(self._held + data.decode("latin-1"))
        _, open_from = self._secrets.find(text, 0, 0, final=final)
        self._held = text[open_from:]
        return text[:open_from].encode("latin-1")
