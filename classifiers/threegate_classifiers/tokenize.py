"""Texts to rows of token ids: windows with overlap, pairs, offsets in code points.

A text longer than a window becomes several rows that overlap by `overlap_tokens`, so that what lies
on a border is whole in one of them. In a pair one side is cut into windows and the other is kept
whole, up to a third of the window, in every row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from threegate_classifiers.errors import ModelError
from threegate_classifiers.manifest import TOKENIZER, Manifest, Task

_PAD = ("<pad>", "[PAD]", "<|endoftext|>")
_UNKNOWN = ("<unk>", "[UNK]")


@dataclass(frozen=True, slots=True)
class Text:
    """One input: a text, or a pair (question, answer) or (evidence, claim)."""

    first: str
    second: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One model input. `offsets` are (start, end) of each token in the windowed text, and (0, 0)
    outside it; `start` and `end` is what the window covers."""

    ids: tuple[int, ...]
    types: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    start: int
    end: int


KEPT_WORDS = 1000
"""By itself the library keeps the first 10,000 words and clauses that it sees for ever, with their
tokens: 14 MiB a tokenizer, filled for hours. With these a text of 2,000 characters takes 0.53 ms
instead of 0.46."""


@dataclass(frozen=True, slots=True)
class _File:
    """Told from others by what it holds."""

    path: Path = field(compare=False)
    sha256: str


def tokenizer_of(folder: Path, manifest: Manifest) -> Any:
    """The model's tokenizer; models with the same one share it. Raises ModelError."""
    digest = next(file.sha256 for file in manifest.files if file.name == TOKENIZER)
    return _opened(_File(folder / TOKENIZER, digest))


@lru_cache(maxsize=4)
def _opened(file: _File) -> Any:
    from tokenizers import Tokenizer  # only where a model runs

    try:
        tokenizer = Tokenizer.from_file(str(file.path))
    except Exception as error:  # the library raises bare Exception for a bad file
        raise ModelError(f"{file.path}: {error}") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if hasattr(tokenizer.model, "_resize_cache"):  # the kinds without it keep nothing
        tokenizer.model._resize_cache(KEPT_WORDS)
    return tokenizer


class WindowTokenizer:
    """Thread-safe: encoding does not change the tokenizer."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._tokenizer = tokenizer_of(folder, manifest)
        self._size = manifest.max_tokens
        self._overlap = manifest.overlap_tokens
        self._window_second = manifest.task is not Task.ENTAIL
        self.pad_id = _first_id(self._tokenizer, _PAD) or 0
        self._special = _special_ids(self._tokenizer)
        self._unknown = _first_id(self._tokenizer, _UNKNOWN)

    def rows(self, text: Text) -> tuple[Row, ...]:
        """At least one row, in order. For a pair the windows run over the answer or, where a claim
        is judged, over the evidence."""
        if text.second is None:
            room = self._size - self._tokenizer.num_special_tokens_to_add(False)
            windows = self._windows(text.first, room)
            return tuple(self._row(w, None, sequence=0) for w in windows)
        return self._pair_rows(text.first, text.second)

    def _pair_rows(self, first: str, second: str) -> tuple[Row, ...]:
        room = self._size - self._tokenizer.num_special_tokens_to_add(True)
        fixed = self._encode(first if self._window_second else second)
        fixed.truncate(room // 3)
        windows = self._windows(second if self._window_second else first, room - len(fixed.ids))
        if self._window_second:
            return tuple(self._row(fixed, w, sequence=1) for w in windows)
        return tuple(self._row(w, fixed, sequence=0) for w in windows)

    def _windows(self, text: str, room: int) -> list[Any]:
        encoding = self._encode(text)
        if len(encoding.ids) <= room:
            return [encoding]
        encoding.truncate(room, stride=min(self._overlap, room // 2))
        return [encoding, *encoding.overflowing]

    def _encode(self, text: str) -> Any:
        return self._tokenizer.encode(text, add_special_tokens=False)

    def _as_text(self, ids: list[int], own: list[int]) -> None:
        """A text that spells a separator (`</s>`, also full-width) must not become one."""
        if self._unknown is not None and not self._special.isdisjoint(map(ids.__getitem__, own)):
            for i in own:
                ids[i] = self._unknown if ids[i] in self._special else ids[i]

    def _row(self, first: Any, second: Any, *, sequence: int) -> Row:
        made = self._tokenizer.post_process(first, second)
        own = [i for i, special in enumerate(made.special_tokens_mask) if not special]
        inside = own[: len(first)] if sequence == 0 else own[len(first) :]
        found = made.offsets  # made anew each time it is asked for
        offsets = [(0, 0)] * len(found)
        for i in inside:
            offsets[i] = found[i]
        ids = made.ids
        self._as_text(ids, own)
        start, end = (offsets[inside[0]][0], offsets[inside[-1]][1]) if inside else (0, 0)
        return Row(tuple(ids), tuple(made.type_ids), tuple(offsets), start, end)


def _first_id(tokenizer: Any, names: Sequence[str]) -> int | None:
    found = (tokenizer.token_to_id(name) for name in names)
    return next((int(number) for number in found if number is not None), None)


def _special_ids(tokenizer: Any) -> frozenset[int]:
    added = tokenizer.get_added_tokens_decoder().items()
    return frozenset(number for number, token in added if token.special)
