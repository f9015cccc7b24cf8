"""Ordinary texts for guard: what nobody should be stopped for, however dry, technical or imperative.

Attacks and their near misses alone teach a model that any order is an attack. Here stand sentences and
short passages of manuals, documents, notes, tickets and code, alone and as answers to harmless questions:
this project's own documents and docstrings, rows that other models learn from, contexts of the fact-check
sets. Documents and their translations lie on one side of the split (by file name).
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from guard_rows import CLEAN, GuardRow, language_of
from rows import authored, read_rows

ROOT = Path(__file__).parent.parent.parent
PAGES = ("README*.md", "docs/*.md", "docs/decisions/*.md", "policies/README*.md", "classifiers/train/*.md")
CODE = ("proxy", "classifiers/threegate_classifiers", "bench")
FILES = ("*.py", "*.js", "*.ts", "*.css", "*.html", "*.toml", "*.yaml", "*.yml", "*.json")
PIECE = 480
"""Characters of a file's piece."""
QUIET = CLEAN | {"offensive": 0}
ANSWER = {"compliance": 0, "hazard": 0, "offensive": 0}
ANSWERED = 0.45
"""Share of passages that are also shown as an answer."""

_TALKS_OF_ATTACKS = re.compile(
    r"ignore (all|the|previous|your)|jailbreak|system prompt|忽略|越狱|系统提示|bomb|炸弹|自杀|suicide", re.I
)
_MARKUP = re.compile(r"```.*?```|<!--.*?-->|^\|.*\|$|^#+ |^\s*[-*] |\*\*|!\[[^]]*]\([^)]*\)", re.S | re.M)
_LINK = re.compile(r"\[([^]]+)]\([^)]*\)")
_END = re.compile(r"(?<=[。！？；])|(?<=[.!?])\s+")


def ordinary_rows(data: Path, seed: int = 29) -> list[GuardRow]:
    """Passages as texts, and a part of them as answers to questions of the same language."""
    rng = random.Random(seed)
    asked = _questions(data)
    made = []
    for row in (*_own(rng), *_short(data), *_contexts(data, rng)):
        made.append(row)
        if rng.random() < ANSWERED:
            made.append(_as_answer(row, rng.choice(asked[row.language])))
    return [*made, *_answers(data)]


def _row(text: str, group: str, source: str, times: float) -> GuardRow:
    return GuardRow(text, QUIET, group, f"ordinary/{source}", language_of(text), times=times)


def _as_answer(row: GuardRow, question: str) -> GuardRow:
    return GuardRow(
        row.text, ANSWER, row.group, f"{row.source} answer", row.language, question, times=row.times
    )


def _questions(data: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"zh": [], "en": []}
    for row in read_rows(data / "benign_prompts.jsonl.gz"):
        if 8 < len(row["text"]) < 120:
            found[language_of(row["text"])].append(row["text"])
    return found


def _own(rng: random.Random) -> Iterator[GuardRow]:
    """Documents weigh as `x.md`, whatever their language; docstrings as their module."""
    for path in sorted(p for pattern in PAGES for p in ROOT.glob(pattern)):
        group = f"{path.name.split('.')[0]} page"
        page = path.read_text(encoding="utf-8")
        for passage in (*passages(plain(page), rng), *passages(plain(page), rng)):
            yield _row(passage, group, "pages", 1)
        for block in re.split(r"\n\s*\n", page):
            if 20 < len(block) < 900 and not _TALKS_OF_ATTACKS.search(block):
                yield _row(block, group, "markdown", 0.7)
    for path in sorted(p for folder in CODE for p in (ROOT / folder).rglob("*.py")):
        for text in docstrings(path.read_text(encoding="utf-8")):
            for passage in passages(text, rng):
                yield _row(passage, f"module {path.stem}", "docstrings", 0.4)
    for path in sorted(p for folder in (*CODE, "docker") for f in FILES for p in (ROOT / folder).rglob(f)):
        code = path.read_text(encoding="utf-8")[:40_000]
        for start in range(rng.randrange(PIECE), len(code), 3 * PIECE):
            piece = code[start : start + PIECE]
            if len(piece.strip()) > 40 and not _TALKS_OF_ATTACKS.search(piece):
                yield _row(piece, f"module {path.stem}", "code", 0.4)


def plain(page: str) -> str:
    """A page's prose: without code, tables, comments and marks."""
    return _LINK.sub(r"\1", _MARKUP.sub("", page)).replace("`", "")


def docstrings(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found = ast.get_docstring(node)
            if found:
                yield found


def passages(text: str, rng: random.Random, most: int = 3) -> Iterator[str]:
    """Runs of one to `most` sentences of each paragraph, one behind the other, none about attacks."""
    for paragraph in re.split(r"\n\s*\n", text):
        parts = [p.strip() for p in _END.split(re.sub(r"\s*\n\s*", " ", paragraph)) if p and p.strip()]
        at = 0
        while at < len(parts):
            size = rng.choice([1, 1, 2, most])
            passage = joined(parts[at : at + size])
            at += size
            if 8 < len(passage) < 600 and not _TALKS_OF_ATTACKS.search(passage):
                yield passage


def joined(parts: Sequence[str]) -> str:
    return ("" if language_of("".join(parts)) == "zh" else " ").join(parts)


def _short(data: Path) -> Iterator[GuardRow]:
    """Chats, tickets, forms, logs and code that other models learn from."""
    for stem in ("entities", "identifiers"):
        for row in authored(data, stem):
            yield _row(row["text"], row["id"], stem, 0.5)
    for row in read_rows(data / "secrets.jsonl.gz"):
        yield _row(row["text"], row["id"], "secrets", 0.4)
    for stem in ("grounding_zh", "grounding_en"):
        for row in authored(data, stem):
            yield _row(row["claim"], row["context_id"], "claims", 0.3)


def _contexts(data: Path, rng: random.Random) -> Iterator[GuardRow]:
    """Sources of the fact check, ours and public ones, in pieces."""
    seen: set[str] = set()
    ours = (row for stem in ("grounding_zh", "grounding_en") for row in authored(data, stem))
    for row, own in (
        *((r, True) for r in ours),
        *((r, False) for r in read_rows(data / "factcheck.jsonl.gz")),
    ):
        if row["context"] in seen:
            continue
        seen.add(row["context"])
        found = list(passages(row["context"], rng))
        for passage in found if own else rng.sample(found, min(3, len(found))):
            group = row["context_id"] if own else f"doc-{row['context'][:80]}"
            yield _row(passage, group, "contexts" if own else "public", 0.7 if own else 0.4)


def _answers(data: Path) -> Iterator[GuardRow]:
    """Written answers to harmless questions: whole, and as a stream shows them."""
    for row in authored(data, "grounding_answers"):
        yield _answered(row["question"], row["answer"], row["id"], "grounded", 1)
    for row in authored(data, "ordinary_answers"):
        parts = [p.strip() for p in _END.split(row["answer"]) if p and p.strip()]
        for at, part in enumerate(parts):
            sofar = joined(parts[max(0, at - 2) : at + 1])
            yield _answered(row["question"], sofar, row["id"], "answers", 0.8)
            yield _row(part, row["id"], "sentences", 0.5)
        yield _row(row["question"], row["id"], "questions", 1)


def _answered(question: str, answer: str, group: str, source: str, times: float) -> GuardRow:
    return GuardRow(
        answer, ANSWER, group, f"ordinary/{source} answer", language_of(answer), question, times=times
    )
