"""Generated grounding pairs: the same words on all three sides.

From a supported pair come a contradicted one (an edit), one that is not in the source (the
supporting sentence taken out) and joined claims, which are as true as their worst part. Sentences of
the evidence serve as claims too; evidence is gathered from many contexts as a knowledge base gives
it. Generated pairs stay in the group of their source.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence

from edits import edited
from grounding_rows import Pair, cut, focus, sentences, words
from rows import is_dev

SUPPORTED, NOT_IN_SOURCE = (0,), (2,)
LEADS = {"zh": ["根据资料，", "文中提到，", "也就是说，", "简单来说，", "据此，", "您好，", "答："],
         "en": ["According to the source, ", "The document says that ", "In short, ", "As stated, ", "Yes, ", "Note that "]}  # fmt: skip


def generated(pairs: Sequence[Pair], seed: int = 31) -> list[Pair]:
    """Pairs from supported pairs and from sentences of contexts; same groups as their sources."""
    rng = random.Random(seed)
    made: list[Pair] = []
    supported = [p for p in pairs if p.allowed == (0,) and not p.source.startswith("BEGIN")]
    for pair in supported:
        if rng.random() < (0.8 if "authored" in pair.source else 0.1):
            made.extend(_from_claim(pair, rng))
    contexts = {p.group: p for p in pairs}
    for pair in contexts.values():
        if "authored" in pair.source or rng.random() < 0.35:
            made.extend(_from_sentences(pair, rng))
    made.extend(_distracted(pairs, rng))
    made.extend(_joined(pairs, rng))
    made.extend(_gathered(pairs, rng))
    return made


def _from_claim(pair: Pair, rng: random.Random) -> Iterator[Pair]:
    wrong = edited(pair.claim, pair.evidence, rng)
    if wrong:
        yield _made(pair, pair.evidence, *wrong, "edit")
        lead = rng.choice(LEADS[pair.language])
        yield _made(pair, pair.evidence, lead + pair.claim, SUPPORTED, "lead")


def _from_sentences(pair: Pair, rng: random.Random) -> Iterator[Pair]:
    parts = [s for s in sentences(pair.evidence) if 12 < len(s) < 220]
    if len(parts) < 3:
        return
    chosen = rng.choice(parts)
    lead = rng.choice(LEADS[pair.language]) if rng.random() < 0.5 else ""
    wrong = edited(chosen, pair.evidence, rng)
    if not wrong:
        return
    yield _made(pair, pair.evidence, lead + chosen, SUPPORTED, "sentence")
    yield _made(pair, pair.evidence, lead + wrong[0], wrong[1], "sentence")
    rest = [s for s in sentences(pair.evidence) if s != chosen]
    other = max((len(words(s) & words(chosen)) / max(1, len(words(chosen))) for s in rest), default=0)
    if other < 0.5:
        yield _made(pair, " ".join(rest), lead + chosen, NOT_IN_SOURCE, "removed")


def _joined(pairs: Sequence[Pair], rng: random.Random) -> Iterator[Pair]:
    """Two claims of a context in one breath: the worse of them decides."""
    by_group: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        if "authored" in pair.source and len(pair.allowed) == 1:
            by_group[pair.group].append(pair)
    for mine in by_group.values():
        good = [p for p in mine if p.allowed == SUPPORTED]
        for _ in range(min(2, len(good))):
            first, second = rng.choice(good), rng.choice(good if rng.random() < 0.4 else mine)
            if first.claim == second.claim or len(first.claim) + len(second.claim) > 240:
                continue
            both = [first.claim, second.claim]
            rng.shuffle(both)
            gap = "" if first.language == "zh" else " "
            yield _made(first, first.evidence, gap.join(both), second.allowed, "joined")


def _distracted(pairs: Sequence[Pair], rng: random.Random) -> Iterator[Pair]:
    """Authored pairs with a foreign passage before or after; or with only the foreign passage."""
    mine = [p for p in pairs if "authored" in p.source]
    sides = {dev: [p for p in mine if is_dev(p.group) == dev] for dev in (False, True)}
    for pair in rng.sample(mine, len(mine) // 2):
        other = rng.choice(sides[is_dev(pair.group)])
        if other.group == pair.group or other.language != pair.language:
            continue
        if rng.random() < 0.25:
            yield _made(pair, other.evidence, pair.claim, NOT_IN_SOURCE, "foreign")
            continue
        both = [pair.evidence, focus(other.evidence, other.claim, 80)]
        rng.shuffle(both)
        yield Pair(
            "\n".join(both), pair.claim, pair.allowed, pair.group, "generated/distracted", pair.language
        )


def _gathered(pairs: Sequence[Pair], rng: random.Random) -> Iterator[Pair]:
    """Evidence as a knowledge base gives it: the nearest sentences of many contexts, with those of
    the claim's own context among them or without."""
    mine = [p for p in pairs if "authored" in p.source and len(p.allowed) == 1]
    pools: dict[tuple[bool, str], dict[str, tuple[str, set[str]]]] = defaultdict(dict)
    for pair in mine:
        pool = pools[is_dev(pair.group), pair.language]
        pool.update({s: (pair.group, words(s)) for s in sentences(pair.evidence)})
    for pair in rng.sample(mine, len(mine) // 3):
        wanted = words(pair.claim)
        pool = pools[is_dev(pair.group), pair.language]
        others = [(len(wanted & has), s) for s, (group, has) in pool.items() if group != pair.group]
        near = [s for _, s in sorted(others, reverse=True)[: rng.randrange(3, 7)]]
        own = sentences(cut(pair).evidence) if rng.random() < 0.6 else []
        parts = [*near, *own[:6]]
        rng.shuffle(parts)
        allowed = pair.allowed if own else NOT_IN_SOURCE
        yield _made(pair, " ".join(parts), pair.claim, allowed, "gathered")


def _made(pair: Pair, evidence: str, claim: str, allowed: tuple[int, ...], kind: str) -> Pair:
    return Pair(evidence, claim, allowed, pair.group, f"generated/{kind}", pair.language)
