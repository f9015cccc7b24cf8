"""Probabilities of the words of a verdict, from the log probabilities of either API."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
LEAST = 2
"""The fewest letters that count as a word's beginning: a single one may begin another word."""


@dataclass(frozen=True, slots=True)
class Position:
    """One generated token with the probabilities of its alternatives."""

    token: str
    choices: tuple[tuple[str, float], ...]

    def share(self, words: tuple[str, ...]) -> dict[str, float]:
        """Probability of each word among them, over all spellings of it and of its beginning (`
        Yes`, `yes`, `Uns`); empty if none of them is an alternative."""
        found = dict.fromkeys(words, 0.0)
        for token, probability in self.choices:
            spelled = token.strip().lower()
            for word in words if len(spelled) >= LEAST else ():
                if word.startswith(spelled):
                    found[word] += probability
        total = sum(found.values())
        return {word: p / total for word, p in found.items()} if total > 0 else {}


def positions(reply: Json) -> list[Position]:
    """The tokens of a chat answer or a completion; empty if the server gives no probabilities."""
    given = reply["choices"][0].get("logprobs") or {}
    if isinstance(given.get("content"), list):
        return [
            Position(p["token"], _choices((c["token"], c["logprob"]) for c in p["top_logprobs"]))
            for p in given["content"]
        ]
    tokens, tops = given.get("tokens") or (), given.get("top_logprobs") or ()
    return [Position(t, _choices((c or {}).items())) for t, c in zip(tokens, tops, strict=False)]


def _choices(given: Iterable[tuple[str, float]]) -> tuple[tuple[str, float], ...]:
    return tuple((token, math.exp(min(0.0, logprob))) for token, logprob in given)


def shares(reply: Json, opening: str, words: tuple[str, ...], verdict: str) -> dict[str, float]:
    """The probability of each word at the first token of the verdict, which follows `opening`.
    Where the server gives none, the word of the `verdict` is certain."""
    place = _after(positions(reply), opening)
    found = place.share(words) if place is not None else {}
    return found or {word: float(word == verdict) for word in words}


def _after(found: list[Position], opening: str) -> Position | None:
    """The first token that is not white space after a text that ends in `opening`."""
    text = ""
    for position in found:
        if text.rstrip().endswith(opening) and position.token.strip():
            return position
        text += position.token
    return None
