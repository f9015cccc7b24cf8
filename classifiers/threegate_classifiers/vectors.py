"""Sentence vectors at next to no cost: the sum of one learnt vector per piece, made one long.

`vectors.npy` holds a record per piece of the tokenizer: `row`, whole numbers of one byte, and
`scale`, in which the piece's weight is. The file is mapped: processes share it, and only what
texts ask for is ever read. A vector depends on its text alone, to the bit, never on its company.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from threegate_classifiers.errors import ModelError
from threegate_classifiers.manifest import VECTORS, Manifest
from threegate_classifiers.tokenize import tokenizer_of

MAX_CHARACTERS = 2_000
"""More of a text is not looked at: it is a sentence that is meant, not a book."""

Matrix = NDArray[np.float32]


class Vectors:
    """Thread-safe."""

    device = "CPU, mapped"

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._tokenizer = tokenizer_of(folder, manifest)
        self._table = _mapped(folder / VECTORS)
        size, pieces = len(self._table), self._tokenizer.get_vocab_size()
        if size != pieces:
            raise ModelError(f"{folder / VECTORS}: {size} vectors for {pieces} pieces")

    def of(self, texts: Sequence[str]) -> Matrix:
        """A row per text, one long or, where no piece says anything, zero."""
        made = np.zeros((len(texts), self._table.dtype["row"].shape[0]), np.float32)
        for vector, text in zip(made, texts, strict=True):
            vector[:] = self._sum(text[:MAX_CHARACTERS])
        lengths = np.sqrt(np.einsum("ij,ij->i", made, made))[:, None]
        np.divide(made, lengths, out=made, where=lengths > 0)
        return made

    def _sum(self, text: str) -> Matrix:
        pieces = self._table[self._tokenizer.encode(text, add_special_tokens=False).ids]
        total: Matrix = np.einsum("i,ij->j", pieces["scale"], pieces["row"].astype(np.float32))
        return total


def nearness(vectors: Matrix, to: Matrix) -> Matrix:
    """Cosine of each row with the vector `to`; not by BLAS, where a row's company counts."""
    cosines: Matrix = np.einsum("ij,j->i", vectors, to)
    return cosines


def _mapped(path: Path) -> Any:
    try:
        table = np.load(path, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: {error}") from None
    if table.ndim != 1 or table.dtype.names != ("scale", "row") or table.dtype["row"].ndim != 1:
        raise ModelError(f"{path}: records of scale and row are needed")
    return table
