"""A second model for texts of one language, asked of what the first is unsure of; scored together.

The first one's manifest names one for each language (`second: guard-en@1 guard-zh@2`); `beside`
in its own says for which language it is there, how near to a level a score must come, and its share
of the mean. The mean is that of the logits; calibration and levels of the second's manifest are
those of the mean. Harm of any category is one question: the category that both together find
likeliest carries the mean of what each says of its own likeliest one. Of a text in several windows
the second reads what lies between the first and the last one that the first is unsure of. A label
for which the second has no levels is left to the first, and so are pairs and texts with words or
letters of another language: `calibrate.language_of` calls "en" whatever has little Chinese and "zh"
whatever has some, and a model that cannot read a text finds nothing in it.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import ge
from pathlib import Path
from typing import Any, Protocol

from threegate_classifiers.calibrate import (
    below_levels,
    level_of,
    logit_of,
    score_below,
    score_of,
)
from threegate_classifiers.errors import ModelError
from threegate_classifiers.manifest import Beside, Manifest
from threegate_classifiers.registry import Entry, pick, scan
from threegate_classifiers.results import Score, Scores
from threegate_classifiers.tokenize import Text

GROUP = "hazard."
"""Labels that are categories of one question."""
_OTHER_SCRIPTS = re.compile("[\u0400-\u1fff\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")
"""Also Latin letters with the marks of Vietnamese."""
_ENGLISH = re.compile(
    r"\b(?:the|and|to|of|is|are|how|what|why|who|you|your|my|that|it|this|with|for|from|by|can|be|all|in)\b"
)
_OTHERS = re.compile(
    r"\b(?:der|das|und|ich|mir|wie|ist|nicht|ein|eine|einen|für|zu|mit|auf|alle|deinen|meines?"
    r"|le|les|une|est|pour|comment|dans|toutes|mon|ma|ton|sur|aux?|du|et"
    r"|el|los|las|una|cómo|como|para|que|qué|del|mis|mi|puedo|gente"
    r"|il|che|gli|di|della|sono|uma|faço|em|não|os"
    r"|het|een|hoe|ik|mijn|niet|voor|jak|się|na|où|sans|posso|dove|onde|gdzie|jag|och|att|kde|kan|że|żeby|zrobić|nasıl|bir|yang|dan|cara)\b"
)
"""Frequent words of other languages with Latin letters."""
_MARKED = re.compile("[\u00df-\u024f]")
_CHINESE = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class Asked(Protocol):
    """A question to a model: awaited, or asked `now()` where there is no loop."""

    def now(self) -> list[Scores]: ...

    def __await__(self) -> Generator[Any, None, list[Scores]]: ...


Ask = Callable[[Sequence[Text], float], Asked]


@dataclass(frozen=True, slots=True)
class Part:
    """Of a text, from code point `start` on."""

    text: Text
    start: int = 0

    def in_whole(self, scores: Scores) -> Scores:
        by = self.start
        moved = (s._replace(start=s.start + by, end=s.end + by) for s in scores.items)
        return replace(scores, items=tuple(moved))


@dataclass(frozen=True, slots=True)
class SecondLook:
    first: Manifest
    second: Manifest
    beside: Beside

    def unsure(self, texts: Sequence[Text], answers: Sequence[Scores]) -> list[int]:
        """Which texts the second model is asked of. Pairs are left to the first: the second does
        not judge answers better, and asking it would double what an English answer costs."""
        both = enumerate(zip(texts, answers, strict=True))
        return [i for i, (text, a) in both if self._may_ask(text) and self._is_unsure(a)]

    def _may_ask(self, text: Text) -> bool:
        return text.second is None and not FOREIGN[self.beside.language](text.first)

    def _is_unsure(self, answer: Scores) -> bool:
        near = self.beside.near
        mine = answer.language == self.beside.language
        return mine and any(i.below <= near for i in answer.items if self._judges(i.label))

    def _judges(self, label: str) -> bool:
        return (label, self.beside.language) in self.second.levels

    def part(self, text: Text, answer: Scores) -> Part:
        """What the second model reads of a text that it is asked of."""
        least = [self._least(label) for label in self.first.labels]
        near = [w for w in answer.windows if any(map(ge, w.values, least))]
        if not near:
            return Part(text)
        start, end = near[0].start, near[-1].end
        return Part(Text(text.first[start:end]), start)

    def _least(self, label: str) -> float:
        """From which score of the first model's own on a label is unsure. The windows of a long
        text are compared with it, since calibrating each would hold an event loop."""
        if not self._judges(label):
            return math.inf
        return score_below(self.first, label, self.beside.near, self.beside.language)

    def merged(self, answers: list[Scores], again: Mapping[int, Scores]) -> list[Scores]:
        """`answers`, some together with what the second model said of them."""
        for i, second in again.items():
            answers[i] = self.joined(answers[i], second)
        return answers

    def joined(self, first: Scores, second: Scores) -> Scores:
        language = first.language
        one = self._logits(self.first, first)
        two = self._logits(self.second, second)
        means = [self._mean(a, b) for a, b in zip(one, two, strict=True)]
        group = [i for i, item in enumerate(first.items) if item.label.startswith(GROUP)]
        if group:
            top = max(group, key=means.__getitem__)
            means[top] = self._mean(max(one[i] for i in group), max(two[i] for i in group))
        pairs = zip(first.items, second.items, one, two, strict=True)
        surer = [a if x >= y else b for a, b, x, y in pairs]
        made = (self._scored(item, m, language) for item, m in zip(surer, means, strict=True))
        items = (m if self._judges(m.label) else a for a, m in zip(first.items, made, strict=True))
        return Scores(language, tuple(items))

    def _mean(self, first: float, second: float) -> float:
        return (1 - self.beside.share) * first + self.beside.share * second

    def _logits(self, manifest: Manifest, scores: Scores) -> list[float]:
        return [logit_of(manifest, s.label, s.score, scores.language) for s in scores.items]

    def _scored(self, window: Score, mean: float, language: str) -> Score:
        """`window`: the score whose model is surer says where."""
        label = window.label
        score = score_of(self.second, label, mean, language)
        level = level_of(self.second, label, score, language)
        below = below_levels(self.second, label, score, language)
        return Score(label, score, level, window.start, window.end, below)


def is_not_english(text: str) -> bool:
    """Whether a text that is called English has letters of another script, or more frequent words
    of other languages than of English, where a letter with a mark counts as one."""
    if text.isascii() or not _OTHER_SCRIPTS.search(text):
        lower = text.lower()
        english = len(_ENGLISH.findall(lower))
        return len(_OTHERS.findall(lower)) + (_MARKED.search(lower) is not None) > english
    return True


def is_not_chinese(text: str) -> bool:
    """Whether Chinese letters are fewer than other letters of a text that is called Chinese."""
    return 2 * len(_CHINESE.findall(text)) < sum(map(str.isalpha, text))


FOREIGN = {"en": is_not_english, "zh": is_not_chinese}


def entries(root: Path, names: Sequence[str]) -> Iterator[Entry]:
    """The models of `names`, each with its second ones behind it."""
    known = scan(root)
    for name in names:
        entry = pick(known, root, name)
        yield entry
        for second in entry.manifest.seconds:
            yield pick(known, root, second)


def looks(manifests: Mapping[str, Manifest]) -> dict[str, tuple[SecondLook, ...]]:
    """By the name of the first model. Raises ModelError where two do not belong together."""
    return {
        name: tuple(_look(first, manifests[s.partition("@")[0]]) for s in first.seconds)
        for name, first in manifests.items()
    }


def _look(first: Manifest, second: Manifest) -> SecondLook:
    beside = second.beside
    if beside is None or beside.language not in FOREIGN or second.labels != first.labels:
        raise ModelError(f"{second.id} is no second model of {first.id}")
    return SecondLook(first, second, beside)


class LookedTwice:
    """A question to a model and its second ones, within one deadline."""

    def __init__(
        self,
        first: Ask,
        seconds: Sequence[tuple[SecondLook, Ask]],
        texts: Sequence[Text],
        deadline_s: float,
    ) -> None:
        self._first, self._seconds = first, seconds
        self._texts, self._end = texts, time.monotonic() + deadline_s

    def now(self) -> list[Scores]:
        answers = self._ask(self._first, self._texts).now()
        for look, second in self._seconds:
            if parts := self._parts(look, answers):
                again = self._ask(second, [p.text for p in parts.values()]).now()
                answers = look.merged(answers, _in_whole(parts, again))
        return answers

    def __await__(self) -> Generator[Any, None, list[Scores]]:
        answers = yield from self._ask(self._first, self._texts).__await__()
        for look, second in self._seconds:
            if parts := self._parts(look, answers):
                again = yield from self._ask(second, [p.text for p in parts.values()]).__await__()
                answers = look.merged(answers, _in_whole(parts, again))
        return answers

    def _parts(self, look: SecondLook, answers: Sequence[Scores]) -> dict[int, Part]:
        texts = self._texts
        return {i: look.part(texts[i], answers[i]) for i in look.unsure(texts, answers)}

    def _ask(self, ask: Ask, texts: Sequence[Text]) -> Asked:
        return ask(texts, self._end - time.monotonic())


def _in_whole(parts: Mapping[int, Part], again: Sequence[Scores]) -> dict[int, Scores]:
    return {i: p.in_whole(s) for (i, p), s in zip(parts.items(), again, strict=True)}
