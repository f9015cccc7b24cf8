"""Rows of the evidence model: a claim, the sentence of its context that decides it, and the other sentences.

Supported and contradicted claims alike: both must find the sentence that decides. Where no author marked it
(public rows), it is the sentence with the greatest overlap of words, if that is clearly ahead of the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from grounding_rows import Pair, all_pairs, sentences, words
from rows import OWN, authored, is_dev, read_rows

REPOSITORY = Path(__file__).parents[2]
_BLOCKS = re.compile(r"\n\s*\n|\n(?=[-*|\d])")
_CODE = re.compile(r"```.*?```", re.DOTALL)
_MESSAGES = re.compile(r"\{ ?zh: ([^{}\n]+), en: ([^{}\n]+)\}")
CLEAR = 1.5
"""How many times the next sentence's overlap a public row's deciding sentence must have."""


@dataclass(frozen=True, slots=True)
class Question:
    claim: str
    right: tuple[str, ...]
    others: tuple[str, ...]
    group: str
    language: str
    row: str = ""


def questions(data: Path, *, dev: bool) -> list[Question]:
    """Of one side of the development split."""
    found = [*marked(data), *([] if dev else _public(data))]
    return [q for q in found if is_dev(q.group) is dev]


def marked(data: Path) -> Iterator[Question]:
    """Claims whose author marked what decides them."""
    for language in ("zh", "en"):
        for row in authored(data, f"grounding_{language}"):
            proof = row.get("evidence")
            parts = sentences(row["context"])
            right = tuple(s for s in parts if proof and (proof in s or s in proof))
            if right:
                others = tuple(s for s in parts if s not in right)
                yield Question(row["claim"], right, others, str(row["context_id"]), language, row["id"])


def crossing(data: Path) -> list[Question]:
    """Claims of the development side put into the other language; `language` stays that of the source."""
    said = {row["claim_of"]: row["claim"] for row in read_rows(OWN / "crossing.jsonl")}
    return [replace(q, claim=said[q.row]) for q in questions(data, dev=True) if q.row in said]


def _public(data: Path) -> Iterator[Question]:
    for pair in _pairs(data):
        if "authored" in pair.source or pair.allowed == (2,):
            continue
        parts = list(dict.fromkeys(sentences(pair.evidence)))
        overlaps = _overlaps(pair.claim, parts)
        first, second, *_ = [*sorted(overlaps, reverse=True), 0.0, 0.0]
        if first > max(0.15, CLEAR * second):
            right = parts[overlaps.index(first)]
            others = tuple(s for s in parts if s != right)
            yield Question(pair.claim, (right,), others, pair.group, pair.language)


def _pairs(data: Path) -> list[Pair]:
    """Without WiCE: whole web pages, of which no sentence is clearly ahead."""
    return [pair for pair in all_pairs(data) if not pair.source.startswith("WiCE")]


def _overlaps(claim: str, parts: list[str]) -> list[float]:
    said = words(claim)
    return [len(said & words(s)) / max(1, len(said)) for s in parts]


def known(data: Path, language: str) -> list[str]:
    """All sentences of the authored contexts of a language, both sides: one knowledge base."""
    rows = authored(data, f"grounding_{language}")
    return list(dict.fromkeys(s for row in rows for s in sentences(row["context"])))


def texts(data: Path) -> list[str]:
    """Training sentences and claims, each once."""
    pairs = (p for p in _pairs(data) if not is_dev(p.group))
    return list(dict.fromkeys(t for p in pairs for t in (*sentences(p.evidence), p.claim)))


def siblings(data: Path) -> list[tuple[str, str]]:
    """The same in Chinese and English: this project's pages and policies, and questions of CatQA."""
    return list(dict.fromkeys([*_pages(), *_messages(), *_translated(data)]))


def _pages() -> Iterator[tuple[str, str]]:
    """Blocks of pages of which both languages have the same number."""
    for chinese in sorted(REPOSITORY.glob("*.zh-CN.md")) + sorted(REPOSITORY.glob("[dp]*/*.zh-CN.md")):
        english = chinese.with_name(chinese.name.replace(".zh-CN", ""))
        both = [_BLOCKS.split(_CODE.sub("", path.read_text("utf-8"))) for path in (chinese, english)]
        if len(both[0]) == len(both[1]):
            yield from zip(*both, strict=True)


def _messages() -> Iterator[tuple[str, str]]:
    for path in sorted(REPOSITORY.glob("policies/packs/**/*.yaml")):
        for zh, en in _MESSAGES.findall(path.read_text("utf-8")):
            yield zh.strip("\"'"), en.strip("\"'")


def _translated(data: Path) -> Iterator[tuple[str, str]]:
    texts: dict[str, dict[str, str]] = {"zh": {}, "en": {}}
    for row in read_rows(data / "harm.jsonl.gz"):
        if row["source"].startswith("red-instruct/catqa"):
            texts[row["language"]][row["id"].replace(f"-{row['language']}-", "-", 1)] = row["text"]
    yield from ((zh, texts["en"][key]) for key, zh in texts["zh"].items() if key in texts["en"])
