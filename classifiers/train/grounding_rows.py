"""Rows of the grounding model: (evidence, claim) and the set of labels that the source allows.

`allowed` is one label where the source decides; sources that only know "unsupported" allow both
contradicted and nei, and the loss asks for no more. Groups are contexts: one context, one side.

SummEdits labels whole summaries; a sentence is supported if some supported summary has it, and
unsupported if it is the only one of an unsupported summary that none has.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from guard_rows import language_of
from rows import HELD, Row, authored, read_rows

LABELS = ("supported", "contradicted", "nei")
ALLOWED = {"supported": (0,), "refuted": (1,), "contradicted": (1,), "nei": (2,), "unsupported": (1, 2),
           "partially_supported": (1, 2), "not_in_source": (2,), "not_supported": (1, 2)}  # fmt: skip
TIMES = {"BEGIN": 0.03, "CMRC2018": 0.2, "PubMedQA": 0.1, "WiCE": 0.2, "SummEdits": 0.15, "FeverSymmetric": 1.5, "PAWS": 1.0,
         "UHGEval": 0.3}  # fmt: skip
SENTENCE_TIMES = 0.7
WIDE_TIMES = {"FEVER": 0.25, "HaluEval": 0.3, "MED": 0.4, "HELP": 0.4, "QED": 1.0, "number": 0.7, "CMRC2018": 0.8, "DRCD": 0.6,
              "ExpMRC": 1.0, "AdversarialQA": 1.0}  # fmt: skip
SWAPPED = 1.6
"""How much more often answers of another question of the passage are seen: half as many as right ones, and what decides."""
UNSEEN = ("XQuAD", "number swaps: XQuAD", "DialFact", "FaithDial")
"""Sources of the wide set that never train: what the model does on other people's claims is read off them."""
DEVELOPMENT = ("ExpMRC", "PAWS", "SummEdits/samsum", "SummEdits/sales_email")
"""Sources that `grounding_second.py` leaves out, to look at while it learns."""
CUED = ("FEVER", "HaluEval")
"""Sources whose claims alone tell the label: they are also shown beside the evidence of others."""


@dataclass(frozen=True, slots=True)
class Pair:
    """`proof` are parts of the evidence that decide, where an author marked them."""

    evidence: str
    claim: str
    allowed: tuple[int, ...]
    group: str
    source: str
    language: str
    times: float = 1.0
    proof: tuple[str, ...] = ()


def all_pairs(data: Path) -> list[Pair]:
    return [*_authored(data), *_answers(data), *_public(data), *_wide(data)]


def _authored(data: Path) -> Iterator[Pair]:
    for stem in ("grounding_zh", "grounding_en"):
        for row in authored(data, stem):
            yield _pair(row, str(row["context_id"]), 3)


def _pair(row: Row, group: str, times: float) -> Pair:
    language = language_of(row["claim"])
    proof = tuple(filter(None, (row.get("evidence"), *row.get("evidence_more", ()))))
    return Pair(
        row["context"], row["claim"], ALLOWED[row["label"]], group, row["source"], language, times, proof
    )


def _answers(data: Path) -> Iterator[Pair]:
    """Sentences of whole answers against all passages; `no_claim` sentences say nothing to judge."""
    for row in authored(data, "grounding_answers"):
        context = "\n".join(row["context"])
        for sentence in row["sentences"]:
            allowed = ALLOWED.get(sentence["label"])
            if context and allowed:
                claim = sentence["text"]
                yield Pair(context, claim, allowed, row["id"], row["source"], language_of(claim), 2)


def _public(data: Path) -> Iterator[Pair]:
    summaries: dict[str, list[Pair]] = defaultdict(list)
    for row in read_rows(data / "factcheck.jsonl.gz"):
        times = TIMES.get(re.split(r"[ /]", row["source"])[0], 0.3)
        pair = _pair(row, f"context {row['context'][:200]}", times)
        yield pair
        if pair.source.startswith("SummEdits"):
            summaries[pair.evidence].append(pair)
    for mine in summaries.values():
        yield from _summary_sentences(mine)


def _wide(data: Path) -> Iterator[Pair]:
    """Answers of reading tests as statements, right ones and others of the same passage and kind; checked claims."""
    path = data / "wide" / "factcheck2.jsonl.gz"
    cued: list[Pair] = []
    for row in read_rows(path) if path.exists() else ():
        times = WIDE_TIMES.get(re.split(r"[ /]", row["source"])[0], 0.5)
        held = HELD if row["source"].startswith(UNSEEN) else ""
        if row["label"] == "refuted" and "derived" in row["source"]:
            times *= SWAPPED
        pair = _pair(row, f"{held}context {row['context'][:200]}", times)
        yield pair
        if pair.source.startswith(CUED):
            cued.append(pair)
    for pair, other in pairwise(cued):
        if other.evidence != pair.evidence:
            yield replace(
                pair,
                evidence=other.evidence,
                allowed=(2,),
                source=f"{pair.source} beside another",
                times=pair.times / 2,
            )


def _summary_sentences(summaries: Sequence[Pair]) -> Iterator[Pair]:
    borne_out = {s for p in summaries if p.allowed == (0,) for s in sentences(p.claim)}
    wrong = set()
    for pair in summaries:
        left = [s for s in sentences(pair.claim) if s not in borne_out]
        if pair.allowed != (0,) and len(left) == 1:
            wrong.add(left[0])
    for found, allowed in ((borne_out, (0,)), (wrong, (1, 2))):
        for claim in sorted(found):
            source = f"{summaries[0].source} sentence"
            yield replace(summaries[0], claim=claim, allowed=allowed, source=source, times=SENTENCE_TIMES)


def sentences(text: str) -> list[str]:
    found = re.split(r"(?<=[。！？；\n])|(?<=[.!?])\s+(?=[A-Z\"“])", text)
    return [part.strip() for part in found if part and len(part.strip()) > 3]


def words(text: str) -> set[str]:
    """Units of overlap: English words and numbers, Chinese character pairs."""
    lowered = text.lower()
    cjk = re.findall(r"[\u3400-\u9fff]+", lowered)
    pairs = {run[i : i + 2] for run in cjk for i in range(max(1, len(run) - 1))}
    return pairs | set(re.findall(r"[a-z]{2,}|\d[\d.,]*", lowered))


def focus(evidence: str, claim: str, room: int) -> str:
    """The sentences nearest to the claim, in order, of about `room` tokens (see `size`)."""
    if size(evidence) <= room:
        return evidence
    parts, wanted = sentences(evidence), words(claim)
    scored = sorted(
        range(len(parts)), key=lambda i: -len(words(parts[i]) & wanted) / (6 + len(words(parts[i]))) ** 0.5
    )
    kept: set[int] = set()
    used = 0
    for index in scored:
        if used + size(parts[index]) > room and kept:
            continue
        kept.add(index)
        used += size(parts[index])
        if used > room * 0.9:
            break
    return " ".join(parts[i] for i in sorted(kept))


def size(text: str) -> int:
    """Rough count of tokens: 0.75 per Chinese character, a quarter per other character."""
    cjk = sum("\u3400" <= c <= "\u9fff" for c in text)
    return int(cjk * 0.75 + (len(text) - cjk) * 0.28)
