"""Rows of the entities model: authored and public spans, and generated sentences.

`spans` are (start, end, label) in code points. Public sets only label names and organisations, and
they label public figures, which ours do not: they are seen less often.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from entities_values import Values
from guard_rows import language_of
from rows import authored, is_dev, read_rows

KINDS = ("PERSON", "ADDRESS", "ORG", "DOB", "MEDICAL", "ID_OTHER", "ACCOUNT")
PUBLIC = {"PERSON": "PERSON", "ORGANIZATION": "ORG", "ADDRESS": "ADDRESS"}
SLOTS = {"P": "PERSON", "A": "ADDRESS", "O": "ORG", "D": "DOB", "M": "MEDICAL", "I": "ID_OTHER", "C": "ACCOUNT",
         "S": "ORG", "H": "ORG", "Q": "PERSON", "N": "PERSON", "B": "ADDRESS", "E": "DOB", "p": "PERSON", "s": "PERSON"}  # fmt: skip
Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class EntityRow:
    text: str
    spans: tuple[Span, ...]
    group: str
    source: str
    language: str
    times: float = 1.0


def all_rows(
    data: Path, teacher: Path | None = None, generated: int = 11000, seed: int = 23
) -> list[EntityRow]:
    """Every row; `teacher` is the file of `teach.py`, `seed` draws the values of generated rows."""
    own = list(_authored(data))
    values = Values(seed)
    made = [*_generated(generated, values), *_swapped(own, values, 3)]
    rows = [*own, *_public(data), *(disguised(row, values.rng) for row in made)]
    return rows + (list(_taught(teacher)) if teacher and teacher.exists() else [])


def _taught(path: Path) -> Iterator[EntityRow]:
    for row in read_rows(path):
        spans = tuple((s, e, kind) for s, e, kind in row["spans"])
        times = 0.15 if spans else 0.2
        yield EntityRow(row["text"], spans, row["group"], row["source"], language_of(row["text"]), times)


def _swapped(own: list[EntityRow], values: Values, copies: int) -> Iterator[EntityRow]:
    """Authored sentences with other values: the context stays real, the names are new."""
    pools: dict[tuple[str, str, bool], list[str]] = {}
    for row in own:
        for start, end, kind in row.spans:
            pools.setdefault((kind, row.language, is_dev(row.group)), []).append(row.text[start:end])
    for row in own:
        for _ in range(copies if row.spans else 0):
            yield _swap(row, values, pools)


def _swap(row: EntityRow, values: Values, pools: dict[tuple[str, str, bool], list[str]]) -> EntityRow:
    text, spans, at = "", [], 0
    for start, end, kind in sorted(row.spans):
        if start < at:
            continue
        old = row.text[start:end]
        new = old if values.rng.random() < 0.25 else _other(old, kind, row, values, pools)
        text += row.text[at:start]
        spans.append((len(text), len(text) + len(new), kind))
        text, at = text + new, end
    return EntityRow(text + row.text[at:], tuple(spans), row.group, "generated/swapped", row.language, 1)


def _other(
    old: str, kind: str, row: EntityRow, values: Values, pools: dict[tuple[str, str, bool], list[str]]
) -> str:
    """Another value of the kind: from the same side's authored values, or made up where that reads naturally."""
    chinese = any("\u3400" <= c <= "\u9fff" for c in old)
    if kind == "PERSON" and values.rng.random() < 0.75 and (new := values.like(old)):
        return new
    if kind == "ADDRESS" and values.rng.random() < 0.5:
        return values.address(chinese)
    if kind == "ORG" and values.rng.random() < 0.35:
        return values.organisation(chinese)
    if kind == "MEDICAL" and values.rng.random() < 0.3:
        return values.pick("medical_zh" if chinese else "medical_en")
    if kind == "DOB" and values.rng.random() < 0.5 and any(c.isdigit() for c in old):
        return values.birth(chinese)
    return values.rng.choice(pools[(kind, row.language, is_dev(row.group))])


def _authored(data: Path) -> Iterator[EntityRow]:
    for row in authored(data, "entities"):
        spans = tuple((s["start"], s["end"], s["label"]) for s in row["spans"] if s["label"] in KINDS)
        yield EntityRow(row["text"], spans, row["id"], row["source"], language_of(row["text"]), 4)


def _public(data: Path) -> Iterator[EntityRow]:
    for row in read_rows(data / "pii.jsonl.gz"):
        spans = tuple(
            (s["start"], s["end"], PUBLIC[s["label"]]) for s in row["spans"] if s["label"] in PUBLIC
        )
        times = 1.0 if row["source"].startswith("presidio") else 0.25 if spans else 0.1
        yield EntityRow(row["text"], spans, row["id"], row["source"], language_of(row["text"]), times)


def _generated(count: int, values: Values) -> Iterator[EntityRow]:
    plans = [
        (k, "zh" if "zh" in k or k == "mixed" else "en")
        for k in ("zh", "zh", "en", "en", "mixed", "none_zh", "none_en")
    ]
    for _number in range(count):
        name, language = values.rng.choice(plans)
        template = values.pick(name)
        if values.rng.random() < 0.25 and not name.startswith("none"):
            template += values.rng.choice(["\n", " "]) + values.pick(name)
        text, spans = fill(template, language, values)
        spans = () if name.startswith("none") else spans
        yield EntityRow(text, spans, f"template {template}", "generated/templates", language_of(text), 1)


def fill(template: str, language: str, values: Values) -> tuple[str, tuple[Span, ...]]:
    """Replace `{X}` slots; returns the text and the spans of entity slots."""
    text, spans, at = "", [], 0
    template = template.replace("\\n", "\n")
    for match in re.finditer(r"\{([A-Zb-t])\}", template):
        text += template[at : match.start()]
        value, at = values.slot(match[1], language), match.end()
        if match[1] in SLOTS:
            spans.append((len(text), len(text) + len(value), SLOTS[match[1]]))
        text += value
    return text + template[at:], tuple(spans)


WIDE = str.maketrans("，：；（）？！", ",:;()?!")
NARROW = str.maketrans(",:;()?!", "，：；（）？！")


def disguised(row: EntityRow, rng: random.Random) -> EntityRow:
    """The row in another dress now and then: narrow or wide marks, lower or upper case, letters set apart."""
    roll = rng.random()
    if row.language == "zh" and roll < 0.3:
        return replace(row, text=row.text.translate(WIDE if roll < 0.2 else NARROW))
    if row.language == "en" and roll < 0.15:
        same = len(row.text.lower()) == len(row.text) == len(row.text.upper())
        return replace(row, text=row.text.lower() if roll < 0.12 else row.text.upper()) if same else row
    return _spaced(row) if roll > 0.975 and len(row.text) < 60 else row


def _spaced(row: EntityRow) -> EntityRow:
    """As bad scans read: a blank after every character."""
    spans = tuple((2 * start, 2 * end - 1, kind) for start, end, kind in row.spans)
    return replace(row, text=" ".join(row.text), spans=spans)


def halves(rows: list[EntityRow]) -> tuple[list[EntityRow], list[EntityRow]]:
    return [r for r in rows if not is_dev(r.group)], [r for r in rows if is_dev(r.group)]
