"""Rows of the guard model: what each source says about which head, and nothing about the others.

Heads: direct, indirect, hazard (any), offensive, compliance; besides a category for harmful rows.
A head that a source does not speak of stays out of the loss (`None`). `times` is how often a row
is seen per pass; `group` keeps templates, carriers and parallel texts on one side of the split.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from families import held_group
from rows import Row, authored, group_of, read_rows
from wild import is_wild, telling

HEADS = ("direct", "indirect", "hazard", "offensive", "compliance")
CLEAN = {"direct": 0, "indirect": 0, "hazard": 0}
DOCUMENT = {"direct": 0, "indirect": 0}
PLAYED = "authored21/answers"
"""Scenes, scripts and role plays. Jailbreaks look like them, so they say nothing of direct injection."""
SEEN = 220
"""Chinese characters up to which training sees the question at the end of a template."""


@dataclass(frozen=True, slots=True)
class GuardRow:
    text: str
    heads: dict[str, int]
    group: str
    source: str
    language: str
    question: str = ""  # the other half of a (question, answer) pair
    categories: tuple[str, ...] = ()
    times: float = 1.0
    span: str = field(default="", compare=False)  # what makes the row harmful, kept inside any window


@cache
def categories() -> dict[str, Any]:
    text = (Path(__file__).parent / "categories.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


def category_of(row: Row, table: str) -> tuple[str, ...]:
    maps = categories()
    found = maps["sub"].get(row.get("sub")) or maps[table].get(row.get("category"))
    if found is None:
        return ()
    if isinstance(found, str):
        return (found,)
    for name, pattern in maps["words"].items():
        if name in found and re.search(pattern, row["text"]):
            return (name,)
    return tuple(found)


def language_of(text: str) -> str:
    """zh when CJK makes more than 0.15 of the letters, as the runtime decides."""
    letters = [c for c in text if c.isalpha()]
    cjk = sum("\u3400" <= c <= "\u9fff" for c in letters)
    return "zh" if letters and cjk / len(letters) > 0.15 else "en"


def make(row: Row, heads: dict[str, int], times: float = 1.0, **more: Any) -> GuardRow:
    more["group"] = held_group(row) or more.get("group") or group_of(row)
    return GuardRow(
        row["text"], heads, source=row["source"], language=language_of(row["text"]), times=times, **more
    )


def authored_rows(data: Path) -> Iterator[GuardRow]:
    for stem in ("benign_en", "benign_zh"):
        for row in authored(data, stem):
            yield make(row, CLEAN | {"offensive": 0}, 3)
    yield from direct_rows(data)
    for row in authored(data, "injection_indirect"):
        yield indirect_row(row)
    for stem in ("hazard_en", "hazard_zh"):
        for row in authored(data, stem):
            yield hazard_row(row)
    yield from answer_rows(data)
    for row in authored(data, "guard_"):
        yield own_row(row)


def direct_rows(data: Path) -> Iterator[GuardRow]:
    for row in authored(data, "injection_direct"):
        yield make(row, {"direct": 1} if row["label"] else CLEAN, 3)


def indirect_row(row: Row) -> GuardRow:
    span = (row.get("injected_spans") or [row.get("injected_span") or ""])[0]
    if isinstance(row.get("injected_span"), list):
        start, end = row["injected_span"]
        span = row["text"][start:end]
    heads = {"indirect": 1} if row["label"] else {"direct": 0, "indirect": 0, "hazard": 0}
    return make(row, heads, 3, span=span)


def hazard_row(row: Row) -> GuardRow:
    if row["label"]:
        heads = {"hazard": 1, "indirect": 0} | ({"direct": 0} if row.get("role", "user") == "user" else {})
        kinds = category_of(row, "authored")
        return make(row, heads, 3, categories=kinds, span=row.get("span", ""))
    return make(row, CLEAN | {"offensive": 0}, 3)


def own_row(row: Row) -> GuardRow:
    """A row of `data/guard_*.jsonl`: the category says which of the three shapes it has."""
    category = str(row.get("category", ""))
    if category == "injection.direct":
        attack = {"direct": 1} | ({"hazard": 1} if row.get("asks_harm") else {})
        return make(row, attack if row["label"] else CLEAN, 3, span=row.get("span", ""))
    if category == "injection.indirect" or row.get("carrier"):
        return indirect_row(row)
    if category == "offensive":
        return make(row, {"offensive": int(row["label"]), "direct": 0, "indirect": 0}, 3)
    return hazard_row(row)


def answer_rows(data: Path) -> Iterator[GuardRow]:
    for row in authored(data, "answers"):
        label = int(row["label"])
        leak = row["category"].startswith(("system_prompt_leak", "injection."))  # nobody is harmed
        kinds = category_of(row, "authored") if label else ()
        hazard = {} if leak else {"hazard": label}
        yield make(row, {"compliance": label} | hazard, 3, question=row["prompt"], categories=kinds)
        if label and not leak and not kinds:
            continue
        direct = {} if row["source"] == PLAYED else {"direct": 0}
        yield make(row, direct | hazard, 1, categories=kinds)


def public_rows(data: Path) -> Iterator[GuardRow]:
    yield from injection_rows(data)
    yield from harm_rows(data)
    yield from refusal_rows(data)
    yield from benign_rows(data)
    yield from offensive_rows(data)
    yield from document_rows(data)


def injection_rows(data: Path) -> Iterator[GuardRow]:
    for row in read_rows(data / "injection.jsonl.gz"):
        source = row["source"]
        if source.startswith("BIPIA"):
            group = row["id"].rsplit("-", 1)[0]
            heads = {"indirect": int(row["label"]), "hazard": 0, "direct": 0}
            if row["label"]:
                heads = {"indirect": 1}
            yield make(row, heads, 0.7, group=group, span=row.get("attack", ""))
        elif source == "STAIR-BUPT/JailBench":
            heads = {"direct": 1} | ({"hazard": 1} if len(row["text"]) < SEEN else {})
            yield make(row, heads, 1.5, group=f"jailbench-template-{row['template']}")
        elif is_wild(source):
            yield from wild_rows(row)
        else:
            yield make(row, {"direct": 1, "hazard": 1} if "artifacts" in source else {"direct": 1}, 1)


def wild_rows(row: Row) -> Iterator[GuardRow]:
    if span := telling(row["text"]):
        yield make(row, {"direct": 1}, 1, span=span)


def harm_rows(data: Path) -> Iterator[GuardRow]:
    maps = categories()
    for row in read_rows(data / "harm.jsonl.gz"):
        source, kind, sub = row["source"], str(row.get("category")).strip(), row.get("subcategory")
        heads = {"hazard": 1, "direct": 0, "indirect": 0}
        if row.get("role") == "response" or kind in maps["other_skip"]:
            continue
        if source.startswith("red-instruct/catqa"):
            if kind in maps["catqa_skip"] or sub in maps["catqa_skip"]:
                continue
            found = maps["catqa"].get(sub) or maps["catqa"].get(kind)
            yield make(row, heads, group=row["id"].split("-", 2)[-1], categories=_many(found))
        elif source.startswith("JADE"):
            yield make(row, heads, categories=_many(maps["jade"].get(str(sub).strip())))
        else:
            times = 0.6 if source == "red-instruct/HarmfulQA" else 1.0
            yield make(row, heads, times, categories=_many(maps["other"].get(kind)))


def _many(found: Any) -> tuple[str, ...]:
    return (found,) if isinstance(found, str) else tuple(found or ())


def refusal_rows(data: Path) -> Iterator[GuardRow]:
    for row in read_rows(data / "refusal.jsonl.gz"):
        label = int(row["label_bin"])
        group = row["id"].rsplit("-", 1)[0] if "jade" in row["id"] else f"jbb-{row['prompt'][:60]}"
        yield make(row, {"compliance": label, "hazard": label}, question=row["prompt"], group=group)


def benign_rows(data: Path) -> Iterator[GuardRow]:
    share = {"clinc150/train": 0.25, "banking77/train": 0.3, "CrossWOZ/val": 0.3, "CMRC2018/dev questions": 0.3,
             "awesome-chatgpt-prompts-zh questions/general": 0.25,
             "awesome-chatgpt-prompts-zh questions/sensitive_topic_benign": 0.8}  # fmt: skip
    for row in read_rows(data / "benign_prompts.jsonl.gz"):
        heads = {"direct": 0, "indirect": 0, "hazard": 0, "offensive": 0}
        yield make(row, heads, share.get(row["source"], 2.0))


def offensive_rows(data: Path) -> Iterator[GuardRow]:
    for row in read_rows(data / "offensive_zh.jsonl.gz"):
        heads = {"offensive": int(row["label"]), "direct": 0, "indirect": 0}
        yield make(row, heads if row["label"] else heads | {"hazard": 0}, 0.9)
    for row in read_rows(data / "offensive_en.jsonl.gz"):
        if row["fine"] != "offensive":  # weak labels: only the two clear classes, and few of them
            yield make(row, {"offensive": int(row["label"]), "direct": 0, "indirect": 0}, 0.25)


def document_rows(data: Path) -> Iterator[GuardRow]:
    """Contexts of the fact-check sets as harmless documents."""
    seen: set[int] = set()
    for row in read_rows(data / "factcheck.jsonl.gz"):
        text, key = row["context"], hash(row["context"])
        if key in seen or len(text) < 80:
            continue
        seen.add(key)
        base = {"id": row["id"], "text": text, "source": row["source"]}
        yield make(base, DOCUMENT | {"hazard": 0}, 0.35, group=f"doc-{text[:80]}")


def all_rows(data: Path) -> list[GuardRow]:
    rows = [*authored_rows(data), *public_rows(data)]
    return [row if row.times else replace(row, times=1.0) for row in rows if row.text.strip()]
