"""The model's own tokenizer, for exact budgets, if the settings name its `tokenizer.json`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from typing import Any

from threegate.settings.errors import wrong


class ModelTokenizer:
    """Thread-safe, because counting does not change it."""

    def __init__(self, path: str) -> None:
        from tokenizers import Tokenizer  # only if an upstream names one

        try:
            self._tokenizer: Any = Tokenizer.from_file(path)
        except Exception as error:  # the library raises bare Exception for a bad file
            raise wrong("tokenizer", where=path, why=error) from None
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()

    def count(self, texts: Sequence[str]) -> int:
        """Tokens of all texts, without what a chat template adds."""
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return sum(len(e.ids) for e in encoded)

    def texts(self, ids: Sequence[Sequence[int]]) -> list[str]:
        """The texts of lists of token ids, special tokens included. Raises ValueError for an id
        that the model does not have, which the library would silently skip."""
        size = self._tokenizer.get_vocab_size(with_added_tokens=True)
        if any(not 0 <= one < size for some in ids for one in some):
            raise ValueError("unknown token id")
        decoded = self._tokenizer.decode_batch([list(s) for s in ids], skip_special_tokens=False)
        return [str(text) for text in decoded]

    async def exceeds(self, texts: Sequence[str], limit: int) -> bool:
        """Counts in a thread, and only if the text could exceed the limit, since no token is
        shorter than a byte."""
        if sum(len(t.encode("utf-8", "replace")) for t in texts) <= limit:
            return False
        return await asyncio.to_thread(self.count, texts) > limit


@cache
def tokenizer_of(path: str) -> ModelTokenizer | None:
    """Loaded once for all upstreams that name it. Raises SettingsError."""
    return ModelTokenizer(path) if path else None
