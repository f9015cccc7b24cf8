"""Packs of prose: sentences of a text as claims, reworded; edited in the claim or in the text; cut out; joined."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from edits import edited
from grounding_rows import sentences
from pack import MOST, NOT_SAID, SUPPORTED, Claim, Pack, changed, glue, windows
from rewording import dropped, overclaimed, reworded

ROOM = (20, 130)
"""Tokens of the text that are shown, drawn between the two."""


def states(sentence: str) -> bool:
    """No question, link, list mark or code: something that can be true or false."""
    plain = not re.search(r"[?？{}<>|=\\\[\]#*`_]|://|^[-•\d]", sentence)
    plain = plain and "::" not in sentence and sentence.rstrip('”"’」）) ')[-1:] in "。！.!"
    return plain and sum(c.isalpha() for c in sentence) > 0.6 * len(sentence)


class Prose:
    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def packs(self, text: str, language: str) -> Iterator[Pack]:
        """Sentences of a text, reworded; edited in the claim or in the text; taken out; joined."""
        rng = self.rng
        parts = sentences(text)
        usable = [
            i for i, p in enumerate(parts) if 14 < len(p) < (110 if language == "zh" else 260) and states(p)
        ]
        if len(usable) < 2:
            return
        anchor = rng.choice(usable)
        kept = windows(text, anchor, parts, rng.randint(*ROOM))
        inside, outside = [i for i in usable if i in kept], [i for i in usable if i not in kept]
        rng.shuffle(inside)
        shown = {i: parts[i] for i in kept}
        claims: list[Claim] = []
        true, false = [], []
        for i in inside[:4]:
            if rng.random() < 0.3 and (short := dropped(parts[i], rng)):
                claims += self._shorter(parts[i], short, shown, i)
                continue
            said = reworded(parts[i], rng)
            wrong = edited(said, text, rng) if rng.random() < 0.85 else overclaimed(said, rng)
            if not wrong:
                continue
            made, allowed = wrong
            if said == parts[i] and rng.random() < 0.5:  # the text changes, not the claim
                shown[i] = made
                claims += [Claim(made, SUPPORTED, ()), Claim(said, allowed, changed(made, said))]
                true.append(made)
                false.append((said, allowed, changed(made, said)))
            else:
                claims += [Claim(said, SUPPORTED, ()), Claim(made, allowed, changed(said, made))]
                true.append(said)
                false.append((made, allowed, changed(said, made)))
        if not claims:
            return
        if len(true) > 1 and rng.random() < 0.6:
            claims += self._joined(true, false, language)
        for i in rng.sample(outside, min(1, len(outside))):
            claims.append(Claim(reworded(parts[i], rng), NOT_SAID, None, 0.7))
        evidence = glue([shown[i] for i in sorted(shown)], language)
        yield Pack(evidence, tuple(rng.sample(claims, min(len(claims), MOST))), language, "prose")

    def _shorter(self, full: str, short: str, shown: dict[int, str], at: int) -> list[Claim]:
        """A detail more or less: the shorter follows from the longer, never the other way round."""
        if self.rng.random() < 0.4:
            return [Claim(short, SUPPORTED, ())]
        shown[at] = short
        return [Claim(full, NOT_SAID, changed(short, full)), Claim(short, SUPPORTED, ())]

    def _joined(
        self,
        true: Sequence[str],
        false: Sequence[tuple[str, tuple[int, ...], tuple[tuple[int, int], ...]]],
        language: str,
    ) -> Iterator[Claim]:
        rng = self.rng
        first, second = rng.sample(range(len(true)), 2)
        gap = "" if language == "zh" else " "
        if len(true[first]) + len(true[second]) > (120 if language == "zh" else 300):
            return
        yield Claim(true[first] + gap + true[second], SUPPORTED, ())
        made, allowed, spans = false[second]
        if rng.random() < 0.5:
            yield Claim(made + gap + true[first], allowed, spans)
        else:
            by = len(true[first]) + len(gap)
            yield Claim(true[first] + gap + made, allowed, tuple((a + by, b + by) for a, b in spans))
