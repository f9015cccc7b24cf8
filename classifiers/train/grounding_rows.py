"""Rows of the grounding model: (evidence, claim) and the set of labels that the source allows.

`allowed` is one label where the source decides; sources that only know "unsupported" allow both
contradicted and nei, and the loss asks for no more. Groups are contexts: one context, one side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from guard_rows import language_of
from rows import Row, authored, read_rows

LABELS = ("supported", "contradicted", "nei")
ALLOWED = {"supported": (0,), "refuted": (1,), "contradicted": (1,), "nei": (2,), "unsupported": (1, 2),
           "partially_supported": (1, 2), "not_in_source": (2,), "not_supported": (1, 2)}  # fmt: skip
TIMES = {"BEGIN": 0.05, "CMRC2018": 0.25, "PubMedQA": 0.2, "WiCE": 0.4, "SummEdits": 0.6, "FeverSymmetric": 1.5, "PAWS": 1.0,
         "UHGEval": 0.5}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    evidence: str
    claim: str
    allowed: tuple[int, ...]
    group: str
    source: str
    language: str
    times: float = 1.0


def all_pairs(data: Path) -> list[Pair]:
    return [*_authored(data), *_answers(data), *_public(data)]


def _authored(data: Path) -> Iterator[Pair]:
    for stem in ("grounding_zh", "grounding_en"):
        for row in authored(data, stem):
            yield _pair(row, str(row["context_id"]), 3)


def _pair(row: Row, group: str, times: float) -> Pair:
    language = language_of(row["claim"])
    return Pair(row["context"], row["claim"], ALLOWED[row["label"]], group, row["source"], language, times)


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
    for row in read_rows(data / "factcheck.jsonl.gz"):
        times = TIMES.get(re.split(r"[ /]", row["source"])[0], 0.3)
        yield _pair(row, f"context {row['context'][:200]}", times)


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
