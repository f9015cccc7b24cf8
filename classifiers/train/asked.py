"""Packs of reading tests: right answers and others of the same passage in the frame of a question.

In half of them the passage says another answer than it did, so that what was true is false.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grounding_rows import Pair, sentences
from pack import DOUBTFUL, MOST, SUPPORTED, WRONG, Claim, Pack, differing, glue, nearest, windows

ROOM = (60, 150)
"""Tokens of the passage that are shown, drawn between the two."""
ASKED = (
    re.compile(r'^The answer to the question "(?P<q>.+?)" is (?P<a>.+?)\.?$', re.DOTALL),
    re.compile(r"^对于“(?P<q>.+?)”这个问题，文中给出的答案是(?P<a>.+?)。?$", re.DOTALL),
    re.compile(r"^问：(?P<q>.+?)\s*答：(?P<a>.+)$", re.DOTALL),
    re.compile(r"^Question: (?P<q>.+?) Answer: (?P<a>.+)$", re.DOTALL),
)
FORMS = {
    "zh": (
        "问：{q} 答：{a}",
        "对于“{q}”这个问题，文中给出的答案是{a}。",
        "{q}{a}。",
        "{q}答案是{a}。",
        "{q} {a}",
    ),
    "en": (
        'The answer to the question "{q}" is {a}.',
        "Question: {q} Answer: {a}",
        "{q} {a}.",
        "{q} It is {a}.",
        "{q} {a}",
    ),
}


@dataclass(frozen=True, slots=True)
class Framed:
    """A question's statement with the answer taken out: `before + answer + after`."""

    before: str
    answer: str
    after: str
    pair: Pair
    question: str = ""

    def said(self, answer: str, rng: random.Random) -> tuple[str, tuple[int, int]]:
        if self.question:
            form = rng.choice(FORMS[self.pair.language])
            text = form.format(q=self.question, a=answer)
            at = form.replace("{q}", self.question).index("{a}")
            return text, (at, at + len(answer))
        return f"{self.before}{answer}{self.after}", (len(self.before), len(self.before) + len(answer))


def framed(pair: Pair, wrong: Sequence[Pair]) -> Framed | None:
    """The frame of a supported pair: from its form, else from what a false one of the same question has in its place."""
    for pattern in ASKED:
        if match := pattern.match(pair.claim):
            return Framed("", match["a"], "", pair, match["q"].strip())
    best: tuple[int, int, int] | None = None
    for other in wrong:
        at, end, _ = differing(pair.claim, other.claim)
        kept = at + len(pair.claim) - end
        if kept >= 0.4 * len(pair.claim) and end > at and (best is None or kept > best[0]):
            best = kept, at, end
    if best is None:
        return None
    _, at, end = best
    return Framed(pair.claim[:at], pair.claim[at:end], pair.claim[end:], pair)


def kind_of(answer: str) -> str:
    if re.search(r"\d{4}|[年月日]$|[一二三四五六七八九十]月", answer):
        return "date"
    if re.search(r"\d|[一二三四五六七八九十百千万两]", answer):
        return "number"
    if answer[:1].isupper():
        return "name"
    return "short" if len(answer) < 8 else "long"


CANDIDATES = {
    "date": re.compile(r"\d{3,4}年(?:\d{1,2}月)?(?:\d{1,2}日)?|\b(?:1\d|20)\d\d\b|\d{1,2}月\d{1,2}日|(?:January|February|March|April|May|June|July|August|September|October|November|December) \d{1,4}"),
    "number": re.compile(r"\d[\d,.]*\d?(?:%|万|亿|个|人|名|次|公里|平方公里|米|公尺|座|部|岁| [a-z]{3,12})?|[一二三四五六七八九十]+(?:个|人|名|次|座|部|岁)"),
    "name": re.compile(r"(?<=[a-z,;] )[A-Z][a-zA-Z'-]+(?: (?:of |the )?[A-Z][a-zA-Z'-]+)*"),
    "other": re.compile(r"《[^》]{2,20}》|“[^”]{2,14}”|(?<=[、与和及由在於于])[\u4e00-\u9fff]{2,6}?(?=[、，。与和及等的（])|(?<=the )[a-z]+ [a-z]+(?=[,.])"),
}  # fmt: skip


def candidates(evidence: str, answer: str) -> list[str]:
    """What else the passage has of the kind of `answer`."""
    kind = kind_of(answer)
    found = CANDIDATES.get(kind, CANDIDATES["other"]).findall(evidence)
    return [a for a in dict.fromkeys(found) if a not in answer and answer not in a]


class Asked:
    """Makes the packs of a passage; keeps the answers of all passages, to put them into others."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.pool: dict[tuple[str, str], list[str]] = defaultdict(list)

    def packs(self, mine: Sequence[Pair]) -> Iterator[Pack]:
        """A passage with questions: right and wrong answers, windows that hold what decides."""
        rng, language = self.rng, mine[0].language
        parts = sentences(mine[0].evidence)
        good = [p for p in mine if p.allowed == SUPPORTED]
        bad = [p for p in mine if p.allowed == WRONG]
        frames = [f for p in good if (f := framed(p, bad))]
        answers = list(dict.fromkeys(f.answer for f in frames))
        for f in frames:
            self.pool[language, kind_of(f.answer)].append(f.answer)
        if not parts:
            return
        todo = [(f, nearest(f.before + f.after + f.question, parts, f.answer)) for f in frames]
        rng.shuffle(todo)
        done: set[int] = set()
        for f, anchor in todo:
            if id(f) in done:
                continue
            kept = windows(mine[0].evidence, anchor, parts, rng.randint(*ROOM))
            inside = [g for g, a in todo if a in kept and id(g) not in done]
            outside = [g for g, a in todo if a not in kept]
            rng.shuffle(inside)
            inside = [f, *[g for g in inside if g is not f]][:4]
            done |= {id(g) for g in inside}
            evidence = glue([parts[i] for i in kept], language)
            claims = [c for g in inside for c in self._answers(g, answers, evidence)]
            claims += self._away(outside, evidence)
            yield Pack(evidence, tuple(rng.sample(claims, min(len(claims), MOST))), language, "asked")
            if rng.random() < 0.7:
                yield from self._turned(inside, answers, evidence)

    def _answers(self, f: Framed, answers: Sequence[str], evidence: str) -> Iterator[Claim]:
        rng = self.rng
        yield Claim(f.said(f.answer, rng)[0], SUPPORTED, ())
        others = [
            a
            for a in answers
            if a != f.answer and a not in f.answer and f.answer not in a and a not in f.before + f.after
        ]
        alike = [a for a in others if kind_of(a) == kind_of(f.answer)] or others
        near = [a for a in alike if a in evidence]
        if not near or rng.random() < 0.3:
            near = [
                a for a in candidates(evidence, f.answer) if a not in f.before + f.after + f.question
            ] or near
        if rng.random() < 0.12:
            near = []
        picked = rng.sample(near or alike, min(len(near or alike), 1 + (rng.random() < 0.4)))
        if not picked and (far := self.pool[f.pair.language, kind_of(f.answer)]):
            picked = [a for a in [rng.choice(far)] if a not in f.answer and f.answer not in a]
        for answer in picked:
            text, span = f.said(answer, rng)
            yield Claim(text, WRONG, (span,))

    def _away(self, outside: Sequence[Framed], evidence: str) -> Iterator[Claim]:
        """What the passage says elsewhere, out of the window."""
        far = [g for g in outside if g.answer not in evidence]
        for g in self.rng.sample(far, min(1, len(far)) if self.rng.random() < 0.4 else 0):
            yield Claim(g.said(g.answer, self.rng)[0], DOUBTFUL, None, 0.6)

    def _turned(self, inside: Sequence[Framed], answers: Sequence[str], evidence: str) -> Iterator[Pack]:
        """The passage with another answer in it: what was true is false, what was false is true."""
        rng = self.rng
        able = [
            g
            for g in inside
            if len(g.answer) > 1 and g.answer in evidence and g.answer not in g.before + g.after + g.question
        ]
        if not able:
            return
        f = rng.choice(able)
        pool = [
            a
            for a in self.pool[f.pair.language, kind_of(f.answer)]
            if a not in evidence and f.answer not in a and a not in f.answer
        ]
        if not pool:
            return
        fresh = rng.choice(pool)
        other = evidence.replace(f.answer, fresh)
        text, span = f.said(f.answer, rng)
        claims = [Claim(f.said(fresh, rng)[0], SUPPORTED, ()), Claim(text, WRONG, (span,))]
        if rng.random() < 0.5 and (
            third := [a for a in answers if a in other and kind_of(a) == kind_of(f.answer) and a != fresh]
        ):
            text, span = f.said(rng.choice(third), rng)
            claims.append(Claim(text, WRONG, (span,)))
        for g in inside:
            if g is not f and f.answer not in g.before + g.answer + g.after + g.question:
                claims += self._answers(g, [a for a in answers if a != f.answer], other)
        yield Pack(other, tuple(rng.sample(claims, min(len(claims), MOST))), f.pair.language, "turned")
