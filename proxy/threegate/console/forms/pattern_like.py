"""Makes a pattern from one or two example values, for people who do not know regular expressions.

Letters and symbols stay as they are; a run of digits becomes as many digits as the examples have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from threegate.policy.language.patterns import PatternError, compile_pattern

_RUNS = re.compile(r"[0-9]+|[^0-9]+")
_SPECIAL = re.compile(r"([\\.+*?()\[\]{}|^$])")


def pattern_for(regex: str, like: str) -> str:
    """The pattern of a form with examples, one per line: the existing pattern, unless an example
    has another shape (a template's pattern, or one derived from a half-typed example)."""
    examples = [line.strip() for line in like.split("\n") if line.strip()]
    if regex.strip() and _fits(regex.strip(), examples):
        return regex.strip()
    return pattern_like(examples)


def _fits(regex: str, examples: Iterable[str]) -> bool:
    """Without examples it stays as it is, including mistakes, which the form then shows."""
    try:
        return all(compile_pattern(regex).compiled.fullmatch(each) for each in examples)
    except PatternError:
        return False


def pattern_like(examples: Iterable[str]) -> str:
    """RE2 for values of the same shape; empty without an example."""
    shapes: dict[tuple[str, ...], list[list[int]]] = {}
    for example in filter(None, (e.strip() for e in examples)):
        parts = _RUNS.findall(example)
        shape = tuple("" if part[0].isascii() and part.isdigit() else part for part in parts)
        lengths = [len(part) for part, kept in zip(parts, shape, strict=True) if not kept]
        shapes.setdefault(shape, []).append(lengths)
    return "|".join(_written(shape, lengths) for shape, lengths in shapes.items())


def _written(shape: tuple[str, ...], lengths: list[list[int]]) -> str:
    runs = iter(zip(*lengths, strict=True))
    return "".join(_SPECIAL.sub(r"\\\1", kept) if kept else _digits(next(runs)) for kept in shape)


def _digits(counts: tuple[int, ...]) -> str:
    low, high = min(counts), max(counts)
    return rf"\d{{{low}}}" if low == high else rf"\d{{{low},{high}}}"
