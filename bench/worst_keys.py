"""Texts of keys that just miss, another each time, for every rule for secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle, product

from threegate.detectors.engine.recognizer import Recognizer

_ALPHABET = "bcdefghijklmnopqrstuvwxy"
_KINDS = ((str.isdigit, "11"), (str.islower, "ab"), (str.isupper, "AB"))
"""What a uniform value has in the place of a character, and what else where values differ."""
Choices = Callable[[str, int], str]


def _letters(character: str, place: int) -> str:
    """As random as a key, and of letters alone: the last ones are other ones each time."""
    return _ALPHABET if place < 4 else _ALPHABET[place * 7 % 24]


def _uniform(character: str, place: int) -> str:
    """Of the kinds of characters that the key has, but at most two of each kind."""
    found = next(others for is_kind, others in _KINDS if is_kind(character))
    return found if place < 17 else found[0]


MISSES: dict[str, Choices] = {"letters": _letters, "uniform": _uniform}


def near_keys(recognizer: Recognizer, size: int) -> Iterator[tuple[str, str]]:
    """How its true example is missed, and `size` bytes of that."""
    example = next(e for e in recognizer.info.examples if e.values)
    before, value, after = example.text.partition(example.values[0])
    lines = size // (len(example.text.encode()) + 1)
    for name, choices in MISSES.items():
        values = cycle(product(*_of(value, choices)))
        yield name, "\n".join(before + "".join(next(values)) + after for _ in range(lines))


def _of(value: str, choices: Choices) -> list[str]:
    """The characters to choose from at each place of the value, counted from its end."""
    made, place = list[str](), 0
    for character in reversed(value):
        known = character.isascii() and character.isalnum()
        made.append("".join(dict.fromkeys(choices(character, place))) if known else character)
        place += known
    return made[::-1]
