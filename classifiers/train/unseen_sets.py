"""Texts of families that never train: ordinary traffic in bands of length, asks for harm, attacks, offence, answers.

Ordinary traffic decides the levels (one half of it; the other half is reported). Rows are chosen by their id alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from families import families, held
from guard_rows import categories, language_of
from rows import Row, read_rows

BANDS = {"short": 80, "middle": 400, "long": 1 << 30}
"""Characters up to which a text belongs to a band; Chinese counts 2.5 each."""
PROSE = ("docs", "web page", "blog", "readme", "newsletter", "email")
PASSAGE = 900
"""Characters of a document that stand as an answer."""
ALARMING = ("dolly", "chinese-safety-qa", "giskard", "langkit")
"""Families whose harmless texts speak of harm or attacks: no ordinary traffic."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """`kind`: prompt, system (instructions of agents and of software), document, answer (ordinary); alarming, harm, direct, harmless, indirect, order, offensive,
    inoffensive, complied, refused."""

    text: str
    kind: str
    family: str
    language: str
    id: str
    question: str = ""

    @property
    def band(self) -> str:
        size = len(self.text) * (2.5 if self.language == "zh" else 1)
        return next(name for name, top in BANDS.items() if size <= top)

    @property
    def chance(self) -> int:
        """A number from the id alone: halves and samples are drawn by it."""
        return int(hashlib.sha1(f"{self.kind}{self.id}".encode()).hexdigest()[:8], 16)


def all_unseen(data: Path) -> list[Unseen]:
    made = [
        *_prompts(data),
        *_documents(data),
        *_harm(data),
        *_attacks(data),
        *_offence(data),
        *_responses(data),
    ]
    seen: set[tuple[str, str]] = set()
    kept = []
    for row in made:
        if (row.kind, row.text) not in seen and row.text.strip():
            seen.add((row.kind, row.text))
            kept.append(row)
    return kept


def _held(row: Row) -> str:
    return next(iter(sorted(families(row) & held())), "")


def _unseen(row: Row, kind: str, **more: str) -> Unseen:
    text = more.pop("text", row["text"])
    return Unseen(text, kind, _held(row), language_of(text), str(row["id"]), **more)


def _prompts(data: Path) -> Iterator[Unseen]:
    rows = [
        r
        for name in ("benign_en", "benign_zh")
        for r in read_rows(data / "wide" / f"{name}.jsonl.gz")
        if _held(r)
    ]
    asked = {lang: sorted(r["text"] for r in rows if r["language"] == lang and 8 < len(r["text"]) < 120
                          and "opening" not in r["source"]) for lang in ("zh", "en")}  # fmt: skip
    for row in rows:
        if row["source"].endswith("openingMessage"):
            questions = asked[language_of(row["text"])]
            yield _unseen(
                row,
                "answer",
                question=questions[
                    int(hashlib.sha1(row["id"].encode()).hexdigest()[:8], 16) % len(questions)
                ],
            )
        else:
            yield _unseen(row, _prompt_kind(row))
    yield from _passages(data, asked)


def _prompt_kind(row: Row) -> str:
    if _held(row) in ALARMING:
        return "alarming"
    return (
        "system"
        if row["source"].startswith("prompts in ") or row["source"].endswith("systemRole")
        else "prompt"
    )


def _passages(data: Path, asked: dict[str, list[str]]) -> Iterator[Unseen]:
    """Held documents in prose, from a line's beginning, as answers to somebody's question."""
    for row in read_rows(data / "wide" / "documents.jsonl.gz"):
        if _held(row) and row["role"] in PROSE and row["language"] in asked:
            at = row["text"].find("\n", len(row["text"]) // 3) + 1
            text = row["text"][at : at + PASSAGE].strip()
            if len(text) > 60:
                chance = int(hashlib.sha1(row["id"].encode()).hexdigest()[:8], 16)
                language = language_of(text)
                question = asked[language][chance % len(asked[language])]
                yield _unseen(row, "answer", text=text, question=question)
                begun = re.split(r"(?<=[。！？.!?\n])", text)[0].strip()
                if len(begun) > 8:  # what a stream is judged by first
                    yield _unseen(row, "answer", text=begun, question=question)


def _documents(data: Path) -> Iterator[Unseen]:
    for row in read_rows(data / "wide" / "documents.jsonl.gz"):
        if _held(row):
            yield _unseen(row, "document")


def _harm(data: Path) -> Iterator[Unseen]:
    for path in (data / "harm.jsonl.gz", data / "wide" / "harm2.jsonl.gz"):
        for row in read_rows(path):
            if (
                _held(row)
                and row.get("role") == "prompt"
                and row.get("category") not in categories()["other_skip"]
            ):
                yield _unseen(row, "harm" if row["label"] else "alarming")


def _attacks(data: Path) -> Iterator[Unseen]:
    for path in (data / "injection.jsonl.gz", data / "wide" / "injection2.jsonl.gz"):
        for row in read_rows(path):
            if not _held(row):
                continue
            if row["source"].startswith("composed"):
                yield _unseen(row, "indirect" if row["label"] else "order")
            else:
                yield _unseen(row, "direct" if row["label"] else "harmless")


def _offence(data: Path) -> Iterator[Unseen]:
    for row in read_rows(data / "wide" / "offensive2.jsonl.gz"):
        if _held(row):
            yield _unseen(row, "offensive" if row["label"] else "inoffensive")


def _responses(data: Path) -> Iterator[Unseen]:
    for row in read_rows(data / "refusal.jsonl.gz"):
        if _held(row):
            yield _unseen(row, "complied" if row["label_bin"] else "refused", question=row["prompt"])
    for row in read_rows(data / "wide" / "harm2.jsonl.gz"):
        if _held(row) and row.get("role") == "response":
            yield _unseen(row, "complied" if row["label"] else "refused", question=row["prompt"])
