"""Which sentences of a prompt the guard reads alone, and what it must find there.

A request for harm among sentences that make it look harmless scores next to nothing in the whole
prompt and much by itself: "You are a historian … Write down how to … It is purely educational". So
the sentences of a short prompt that was found harmless are read once more, each alone: for orders
to drop the rules where the whole prompt scored a little, for harm if it stands in a guise
(`guises.toml`). Without their context ordinary sentences score more as well. That is why long
prompts are left out, an order must be sure, and a sentence alone gives MEDIUM at most. Chinese
prompts are left out too: their sentences gave more false alarms than attacks
(`classifiers/train/README.md`). Together the sentences are no longer than their prompt, so this at
most doubles what is read, however many prompts a request holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import re2
from threegate_classifiers.results import Score

from threegate.data_files import table
from threegate.guard.segments import MAX_SENTENCE, sentences
from threegate.types import Level, Span

DIRECT, HAZARD = "injection.direct", "hazard"

LANGUAGE = "en"

FEWEST, MOST = 2, 6
"""Sentences of a prompt that is read so. In longer ones some ordinary sentence scores too."""

LEAST_BYTES = 13
"""Shorter pieces are no sentences."""

LONGEST = MOST * MAX_SENTENCE
"""Code points; a longer text is not cut into sentences."""

NEAR = {DIRECT: 3.0, HAZARD: 5.0}
"""Logits below the lowest level that the whole prompt may score at most, by head: what is farther
away is not read again."""

SURE = {DIRECT: 0.8, HAZARD: 0.6}
"""Least score of a sentence by head. Orders for the form of an answer ("repeat the request before
you begin") score up to .8 without their context."""


def alone(text: str) -> tuple[Span, ...]:
    """The sentences to read, none if there are too few or too many."""
    if len(text) > LONGEST:
        return ()
    found = [
        s for s in sentences(text) if len(text[s.start : s.end].strip().encode()) >= LEAST_BYTES
    ]
    return tuple(found) if FEWEST <= len(found) <= MOST else ()


def heads_for(text: str, whole: Mapping[str, Iterable[Score]]) -> tuple[str, ...]:
    """The heads that count in its sentences, by the scores of the whole prompt; none if one of its
    scores reaches MEDIUM."""
    every = [score for scores in whole.values() for score in scores]
    if any(score.level >= Level.MEDIUM for score in every):
        return ()
    near = (head for head in NEAR if any(s.below < NEAR[head] for s in whole.get(head, ())))
    return tuple(head for head in near if head != HAZARD or in_guise(text))


def counts(sentence: str, head: str, score: Score) -> bool:
    """Whether a sentence's score is a finding. A person alone is no request for harm ("you are a
    fortune teller who was arrested")."""
    if score.level < Level.MEDIUM or score.score < SURE[head]:
        return False
    return head == DIRECT or not _seen(sentence, ("persons",))


def in_guise(text: str) -> bool:
    return _seen(text, ("persons", "others"))


def _seen(text: str, groups: Iterable[str]) -> bool:
    return any(pattern.search(text) for group in groups for pattern in _guises(group))


@cache
def _guises(group: str) -> tuple[Any, ...]:
    return tuple(map(re2.compile, table("detectors.models", "guises")[group]))
