"""Claims as the proxy judges them: its own evidence, every reading that it combines, what it decides without a model."""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from grounding import WIDTH
from grounding_rows import UNSEEN, Pair
from shipping import MODELS, session

sys.path.append(str(Path(__file__).parents[2] / "proxy"))
from threegate.detectors.models.claim_units import units
from threegate.detectors.models.claims import readings_of, without_model
from threegate.detectors.models.evidence import Index
from threegate.types import CLAIM_CONTRADICTED, CLAIM_SUPPORTED, Channel, Layer, Passage, Source, TextLocation
from threegate_classifiers.manifest import read_manifest
from threegate_classifiers.vectors import Vectors

Ask = Callable[[str, str], NDArray[Any]]
"""(evidence, claim) -> the scores of supported, contradicted, nei."""
ROOM = WIDTH - 4
PLACE = TextLocation(Layer.OUTPUT, Channel.CONTENT)
OWN_MOST, UNSEEN_MOST, PUBLIC_MOST = 150, 110, 14
"""Claims of a source and label that are judged."""
PART, STEP, SEEN = 40, 20, 2
"""A passage is known when that many runs of so many letters stand in training passages, of which every `STEP`th is kept."""


@dataclass(frozen=True, slots=True)
class Part:
    """One statement of a claim: `sure` is what words and numbers decide, else each text is read with each form."""

    sure: str | None
    texts: tuple[str, ...]
    forms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    pair: Pair
    parts: tuple[Part, ...]

    @property
    def name(self) -> str:
        own = self.pair.source.startswith("authored")
        return f"own {self.pair.language}" if own else self.pair.source.split(" (")[0]

    @property
    def unseen(self) -> bool:
        return self.pair.source.startswith(UNSEEN)


def sampled(train: Sequence[Pair], held: Sequence[Pair], seed: int = 4) -> list[Pair]:
    """Of every source and label at most so many held pairs whose passage no training pair has; sources whose claims alone
    tell the label are left out."""
    rng = random.Random(seed)
    known = {part for text in {pair.evidence for pair in train} for part in _parts_of(text, STEP)}
    groups: dict[tuple[str, tuple[int, ...]], list[Pair]] = defaultdict(list)
    for pair in held:
        own = pair.source.startswith("authored")
        cued = pair.source.startswith("BEGIN") or "beside another" in pair.source
        if not cued and sum(part in known for part in _parts_of(pair.evidence)) < SEEN:
            groups[f"own {pair.language}" if own else pair.source, pair.allowed].append(pair)
    kept = []
    for (source, _), mine in groups.items():
        most = (
            OWN_MOST
            if source.startswith("own")
            else UNSEEN_MOST
            if source.startswith(UNSEEN)
            else PUBLIC_MOST
        )
        kept += rng.sample(mine, min(most, len(mine)))
    return kept


def _parts_of(text: str, step: int = 1) -> set[str]:
    plain = "".join(filter(str.isalnum, text.lower()))
    return {plain[i : i + PART] for i in range(0, len(plain) - PART, step)}


def cases(pairs: Sequence[Pair]) -> list[Case]:
    folder = MODELS / "evidence" / "1"
    embed = Vectors(folder, read_manifest(folder)).of
    return [Case(pair, _parts(pair, Index((Source("source", pair.evidence),), embed))) for pair in pairs]


def _parts(pair: Pair, index: Index) -> tuple[Part, ...]:
    made = []
    for span in units(pair.claim, ROOM // 3):
        claim = pair.claim[span.start : span.end].strip()
        passage = Passage(PLACE, claim, before=pair.claim[: span.start])
        asked = readings_of(passage, index, ROOM)
        if asked is not None:
            sure = without_model(claim, asked.wide)
            made.append(Part(sure.kind if sure else None, asked.texts, asked.forms))
    return tuple(made)


def of_file(folder: Path, threads: int = 1) -> Ask:
    opened = session(folder / "model.onnx", threads)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def ask(evidence: str, claim: str) -> NDArray[Any]:
        second = tokenizer.encode(claim, add_special_tokens=False).ids[: ROOM // 3]
        first = tokenizer.encode(evidence, add_special_tokens=False).ids[: ROOM - len(second)]
        ids = np.array([[0, *first, 2, 2, *second, 2]], np.int64)
        logits = opened.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
        shifted = np.exp(logits - logits.max())
        return np.asarray(shifted / shifted.sum())

    return ask


@dataclass(frozen=True, slots=True)
class Score:
    """`support` of the least supported statement; the others of the first reading of the likeliest contradicted one."""

    support: float
    contradicted: float
    nei: float


def score(case: Case, ask: Ask) -> Score:
    return scored(case, lambda part: _of_part(part, ask))


def scored(case: Case, read: Callable[[Part], Score]) -> Score:
    """`read` judges the parts that need a model."""
    found = [_sure(part.sure) if part.sure else read(part) for part in case.parts] or [Score(0.0, 0.0, 1.0)]
    worst = max(found, key=lambda s: s.contradicted)
    return Score(min(s.support for s in found), worst.contradicted, worst.nei)


def _sure(kind: str) -> Score:
    return Score(float(kind == CLAIM_SUPPORTED), float(kind == CLAIM_CONTRADICTED), 0.0)


def _of_part(part: Part, ask: Ask) -> Score:
    readings = [min((ask(text, form) for form in part.forms), key=lambda s: s[0]) for text in part.texts]
    return Score(max(float(r[0]) for r in readings), float(readings[0][1]), float(readings[0][2]))
