"""The characters of a long text as arrays: what each is, and where the words stand."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

LONG = 2048
"""Code points from which arrays are cheaper than a search."""

DIGIT, BETWEEN, LETTER, INNER, GAP, HEX, COLON, LOCAL = 1, 2, 4, 8, 16, 32, 64, 128
_CLASSES = {
    DIGIT: "0123456789",
    BETWEEN: " \u00a0\u2007\u2009\u202f\u3000-\u2010\u2011\u2012\u2013./()（）\r\n",
    LETTER: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    INNER: ".-/",
    GAP: " \u00a0\u2007\u2009\u202f\u3000-\u2010\u2011\u2012\u2013.\n",
    HEX: "0123456789ABCDEFabcdef",
    COLON: ":",
    LOCAL: "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._%+'-",
}
_CLASS_OF = np.zeros(0x10000, np.uint8)
for _class, _chars in _CLASSES.items():
    _CLASS_OF[[ord(c) for c in _chars]] |= _class


class Characters:
    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def codes(self) -> NDArray[np.uint32]:
        return np.frombuffer(self._text.encode("utf-32-le", "surrogatepass"), np.uint32)

    @cached_property
    def classes(self) -> NDArray[np.uint8]:
        return _CLASS_OF[np.minimum(self.codes, 0xFFFF)]

    def tokens(self, least: int) -> tuple[Ints, Ints]:
        """Starts and ends of runs of at least so many ASCII letters and digits."""
        starts, ends = self._tokens
        long = ends - starts >= least
        return starts[long], ends[long]

    def stretches(self, classes: int) -> tuple[Ints, Ints]:
        """Starts and ends of runs of characters of these classes."""
        edges = np.flatnonzero(np.diff((self.classes & classes) > 0, prepend=False, append=False))
        return edges[::2], edges[1::2]

    def grouped(self, between: str, *shapes: tuple[int, ...]) -> Ints:
        """Where tokens of these lengths stand, one of the characters `between` two."""
        starts, ends = self._tokens
        sizes = np.minimum(ends - starts, 255).astype(np.uint8)
        parting = np.isin(self.codes[ends[:-1]], [ord(c) for c in between])
        linked = (starts[1:] - ends[:-1] == 1) & parting
        found = np.zeros(len(starts), np.bool_)
        for shape in shapes:
            here = max(0, len(starts) - len(shape) + 1)
            fits = sizes[:here] == shape[0]
            for place, length in enumerate(shape[1:], 1):
                fits &= linked[place - 1 : place - 1 + here]
                fits &= sizes[place : place + here] == length
            found[:here] |= fits
        return starts[found]

    def code(self, position: Ints) -> Ints:
        """The character there, 0 outside the text."""
        codes = self.codes.take(position, mode="clip").astype(np.int64)
        codes[(position < 0) | (position >= len(self.codes))] = 0
        return codes

    def is_digit(self, position: Ints) -> Mask:
        return self.has(position, DIGIT)

    def is_letter(self, position: Ints) -> Mask:
        """Of ASCII."""
        return self.has(position, LETTER)

    def is_word(self, position: Ints) -> Mask:
        return self.has(position, DIGIT | LETTER)

    def has(self, position: Ints, class_: int) -> Mask:
        """Whether the character there is of the class."""
        found: Mask = (self.classes.take(position, mode="clip") & class_) > 0
        found &= (position >= 0) & (position < len(self.classes))
        return found

    @cached_property
    def _tokens(self) -> tuple[Ints, Ints]:
        return self.stretches(DIGIT | LETTER)


def together(*positions: Ints) -> Ints:
    """In order, each once. `numpy.unique` hashes, which costs ten times a sort of what is nearly in
    order."""
    every = np.sort(np.concatenate(positions), kind="stable")
    first = np.ones(len(every), np.bool_)
    np.not_equal(every[1:], every[:-1], out=first[1:])
    return every[first]
