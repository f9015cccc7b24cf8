"""What grounding learns from: packs of claims about a passage, from every pair that may train and made from them.

A pack is read once: the passage sees itself, each claim the passage and itself, so a claim costs its own tokens only
and what makes it false is seen beside its true twin. `wrong` are the characters of a claim that the passage does not
bear out, where they are known: the model is also asked to point at them, token by token. Neither the claim alone nor
its overlap with the passage tells the label (`overlap.py`).
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from asked import Asked
from edits import edited
from grounding_rows import CUED, Pair, sentences, size
from overlap import balanced
from pack import MOST, NOT_SAID, SUPPORTED, Claim, Pack, changed, differing, glue, nearest, windows
from prose import Prose
from rows import is_dev, read_rows

PROSE = ("CMRC2018", "DRCD", "C4", "KdConv travel", "GSA/digitalgov", "rust-lang/blog", "doocs", "pingcap", "ActiveCampaign",
         "Chinese service", "reactjs", "resend", "sendwithus", "datawhale", "WikiText", "microsoft", "CrossWOZ", "SGD")  # fmt: skip
"""Documents whose sentences serve as claims."""


class Plain:
    """Claims as they were written, with a false twin of some true ones."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng

    def packs(self, mine: Sequence[Pair], room: int = 230) -> Iterator[Pack]:
        """Written claims about a passage; long passages cut around each claim."""
        rng, language = self.rng, mine[0].language
        evidence = mine[0].evidence
        if size(evidence) <= room:
            claims = [Claim(p.claim, p.allowed, _known(p, mine)) for p in mine]
            claims += self._edited(mine)
            rng.shuffle(claims)
            for start in range(0, len(claims), MOST):
                yield Pack(evidence, tuple(claims[start : start + MOST]), language, mine[0].source)
            return
        parts = sentences(evidence)
        for pair in mine:
            if not parts:
                continue
            anchor = next(
                (i for i, s in enumerate(parts) if any(x in s for x in pair.proof)),
                nearest(pair.claim, parts),
            )
            shown = [parts[i] for i in windows(evidence, anchor, parts, 120)]
            yield Pack(
                glue(shown, language),
                (Claim(pair.claim, pair.allowed, _known(pair, mine)), *self._edited([pair])),
                language,
                pair.source,
            )

    def _edited(self, mine: Sequence[Pair]) -> Iterator[Claim]:
        """False twins of true claims, by one edit."""
        for pair in mine:
            if pair.allowed == SUPPORTED and self.rng.random() < 0.35:
                wrong = edited(pair.claim, pair.evidence, self.rng)
                if wrong:
                    yield Claim(wrong[0], wrong[1], changed(pair.claim, wrong[0]), 0.7)


def _known(pair: Pair, mine: Sequence[Pair]) -> tuple[tuple[int, int], ...] | None:
    """Nothing is wrong with a supported claim; of others it is known where a true twin differs in one place."""
    if pair.allowed == SUPPORTED:
        return ()
    for other in mine:
        if other.allowed == SUPPORTED and other.claim != pair.claim:
            at, _, end = differing(other.claim, pair.claim)
            if end - at < 0.35 * len(pair.claim) and end > at:
                return ((at, end),)
    return None


DERIVED = ("CMRC2018", "DRCD", "QED", "ExpMRC", "AdversarialQA", "Quoref")
"""Reading tests."""
SHARES = {"MED": 0.4, "HELP": 0.4, "BEGIN": 0.2, "PubMedQA": 0.3, "UHGEval": 0.3} | dict.fromkeys(CUED, 0.7)
"""Of the passages of a source so many are taken in a pass."""
LONG = 190
"""Tokens of a public passage that are shown at most."""
FOREIGN = 0.12
WHOLE_SUMMARIES = 4


class Packer:
    """One pass over everything; another seed draws otherwise."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.plain, self.asked, self.prose = Plain(self.rng), Asked(self.rng), Prose(self.rng)

    def packs(self, pairs: Sequence[Pair], documents: Iterable[tuple[str, str]]) -> list[Pack]:
        groups = list(by_passage(pairs))
        self.rng.shuffle(groups)
        made = [pack for mine in groups for pack in self._of(mine)]
        made += [pack for text, language in documents for pack in self.prose.packs(text, language)]
        made += list(self._foreign(made))
        return balanced([pack for pack in made if pack.claims], self.rng)

    def _of(self, mine: Sequence[Pair]) -> Iterator[Pack]:
        source, evidence, language = mine[0].source, mine[0].evidence, mine[0].language
        if source.startswith(DERIVED):
            yield from self.asked.packs(mine)
            if self.rng.random() < 0.4:
                yield from self.prose.packs(evidence, language)
        elif source.startswith("authored"):
            yield from self.plain.packs(mine)
            yield from self.prose.packs(evidence, language)
        elif source.startswith("SummEdits"):
            yield from self._summaries(mine)
        elif self.rng.random() < next((s for name, s in SHARES.items() if source.startswith(name)), 1.0):
            yield from self.plain.packs(mine, LONG)

    def _summaries(self, mine: Sequence[Pair]) -> Iterator[Pack]:
        said = [p for p in mine if "sentence" in p.source]
        whole = [p for p in mine if "sentence" not in p.source]
        for pair in said + self.rng.sample(whole, min(WHOLE_SUMMARIES, len(whole))):
            yield from self.plain.packs([pair], LONG)

    def _foreign(self, made: Sequence[Pack]) -> Iterator[Pack]:
        """With a claim about another passage."""
        for pack, other in zip(made, made[7:], strict=False):
            alike = pack.language == other.language and other.claims
            if alike and len(pack.claims) < 4 and self.rng.random() < FOREIGN:
                claim = Claim(other.claims[0].text, NOT_SAID, None, 0.7)
                yield replace(pack, claims=(*pack.claims, claim))


def by_passage(pairs: Sequence[Pair]) -> Iterable[list[Pair]]:
    """Pairs of one passage together; what is made anew or shown elsewhere is left out."""
    found: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        if not pair.source.startswith("number swaps") and "beside another" not in pair.source:
            found[pair.evidence].append(pair)
    return found.values()


def documents(data: Path) -> list[tuple[str, str]]:
    """(text, language) of prose documents, contexts of the factcheck sets aside."""
    path = data / "wide" / "documents.jsonl.gz"
    rows = read_rows(path) if path.exists() else ()
    found = [
        (r["text"], r["language"])
        for r in rows
        if r["source"].startswith(PROSE) and not is_dev(f"context {r['text'][:200]}")
    ]
    return [(t, lang) for t, lang in found if t.count("{") < 4 and t.count("|") < 12 and t.count("<") < 6]
