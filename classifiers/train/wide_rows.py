"""Rows of the guard model out of `../shared/data/wide`: what each source says about which head, and how often it is seen.

Large sources count with the root of their size, so that no author, no generator and no template set sets the tone;
posts speak of offence, hateful ones of harm as well, and harmless ones of neither.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from families import family
from guard_rows import CLEAN, GuardRow, _many, categories, make, wild_rows
from rows import Row, read_rows
from wild import is_wild

QUIET = CLEAN | {"offensive": 0}
POST = {"direct": 0, "indirect": 0}
ANSWER = {"compliance": 0, "hazard": 0, "offensive": 0}
PROSE = ("docs", "web page", "blog", "readme", "newsletter", "email")
ANSWERED = 0.35
"""Share of documents in prose that are also shown as an answer."""
SHARE = {  # how often, where the root of the size is not what fits
    "AI-Infra-Guard/cnsafe": 0.16, "AI-Infra-Guard/safebench": 0.25, "AI-Infra-Guard/CBRN-weapon": 0.2, "CoCoNot/pref": 2.5, "CoCoNot/contrast": 3.0,
    "CoCoNot/eval": 2.0, "FigStep": 1.5, "FuzzyAI adversarial": 1.5, "FuzzyAI benign": 1.0, "FuzzyAI pandora": 1.5, "GPTFuzz questions": 2.0, "GPTFuzz labelled": 1.0,
    "TrustLLM misuse": 1.5, "TrustLLM jailbreak": 0.6, "TrustLLM ood": 1.0, "Learn-Prompt-Hacking": 1.2, "prompt-injection-defense": 0.5, "PromptInject": 1.0,
    "composed": 0.6, "HatemojiBuild": 0.35, "Stormfront": 0.4, "Toxic Spans": 0.14, "MLMA en": 0.16, "SWSR comments": 0.22, "BBQ contexts": 0.4, "DecodingTrust RTP": 0.7,
}  # fmt: skip
MILD = ("json_format", "no_punctuation", "no_long_word", "without_the", "cot", "bad words")
"""Wrappers of TrustLLM that ask for a form, as anybody may."""
UNREADABLE = ("url_encode", "leetspeak")
KINDS = {
    "Adult Content": "sexual", "Pornography": "sexual", "Fraud": "fraud", "Economic Harm": "fraud", "Hate Speech": "hate", "Illegal Activity": "other_crime",
    "Malware Generation": "cyber", "Malware": "cyber", "Physical Harm": ["violence", "weapons"], "Privacy Violation": "privacy", "Privacy Violence": "privacy",
}  # fmt: skip
CONCERNS = {
    "misinformation": "misinformation",
    "privacy violations": "privacy",
    "triggers for offensive language": ["hate", "harassment"],
}


def wide_rows(data: Path, seed: int = 53) -> list[GuardRow]:
    """All of them, each with how often it is seen; held families are told by their group."""
    if not (data / "wide").exists():
        return []
    wide = data / "wide"
    asked = [r for name in ("benign_en", "benign_zh") for r in read_rows(wide / f"{name}.jsonl.gz")]
    made = [
        *_evened([make(row, QUIET) for row in asked], 34.0),
        *_evened(list(_documents(wide, asked, random.Random(seed))), 22.0),
        *_harm(wide), *_attacks(wide), *_posts(wide),
    ]  # fmt: skip
    return [replace(row, times=_share(row)) if _share(row) else row for row in made]


def _share(row: GuardRow) -> float:
    return next((share for start, share in SHARE.items() if row.source.startswith(start)), 0.0)


def _evened(rows: list[GuardRow], root: float) -> list[GuardRow]:
    """A family of n rows is seen `root` times the root of n, at most twice each."""
    sizes = Counter(family(row.source) for row in rows)
    return [replace(row, times=min(2.0, root / sizes[family(row.source)] ** 0.5 / 2)) for row in rows]


def _documents(wide: Path, asked: list[Row], rng: random.Random) -> Iterator[GuardRow]:
    """Texts as tools return them; prose also as an answer to somebody's question."""
    questions: dict[str, list[str]] = {"zh": [], "en": []}
    for row in asked:
        if 8 < len(row["text"]) < 150:
            questions[row["language"]].append(row["text"])
    for row in read_rows(wide / "documents.jsonl.gz"):
        yield make(row, QUIET)
        if row["role"] in PROSE and rng.random() < ANSWERED:
            yield make(
                row | {"source": f"{row['source']} as answer"},
                ANSWER,
                question=rng.choice(questions[row["language"]]),
            )


def _harm(wide: Path) -> Iterator[GuardRow]:
    for row in read_rows(wide / "harm2.jsonl.gz"):
        label = int(row["label"])
        kinds = _kinds(row) if label else ()
        if row["role"] == "response":
            yield make(
                row, {"compliance": label, "hazard": label}, question=row["prompt"], group=row["prompt"][:60]
            )
        else:
            yield make(row, {"hazard": 1, "direct": 0, "indirect": 0} if label else QUIET, categories=kinds)


def _kinds(row: Row) -> tuple[str, ...]:
    found = str(row.get("category", ""))
    if row["source"].startswith("CoCoNot"):
        return _many(CONCERNS.get(found.split(" / ")[-1]))
    if row["source"].endswith("CBRN-weapon"):
        return ("weapons",)
    return _many(KINDS.get(found) or categories()["other"].get(found))


def _attacks(wide: Path) -> Iterator[GuardRow]:
    for row in read_rows(wide / "injection2.jsonl.gz"):
        if is_wild(row["source"]):
            yield from wild_rows(row)
        else:
            yield make(row, _attack(row), span=row.get("injected_span", ""))


def _attack(row: Row) -> dict[str, int]:
    if not row["label"]:
        return CLEAN
    if row["source"].startswith("composed indirect"):
        return {"indirect": 1}
    wrapped = row["source"].startswith("TrustLLM")
    direct = {} if wrapped and row.get("category") in MILD else {"direct": 1}
    return direct | ({"hazard": 1} if wrapped and row.get("category") not in UNREADABLE else {})


def _posts(wide: Path) -> Iterator[GuardRow]:
    for row in read_rows(wide / "offensive2.jsonl.gz"):
        source, hateful = row["source"], row["label"] and _hateful(row)
        if source.endswith("RTP prompts/toxic") and not row["label"]:
            continue
        heads = POST | {"offensive": int(row["label"])}
        if hateful:
            heads |= {"hazard": 1}
        elif not row["label"] and not source.startswith("SWSR"):
            heads |= {"hazard": 0}
        yield make(row, heads, categories=("hate",) if hateful else ())


def _hateful(row: Row) -> bool:
    source = row["source"]
    return source.startswith(("Stormfront", "HatemojiBuild", "ToxiGen")) or (
        source.startswith("MLMA") and "hateful" in str(row.get("fine"))
    )


def is_post(row: GuardRow) -> bool:
    """Whether a row is a post of somebody, which is no ask and no document."""
    starts = (
        "COLD",
        "Davidson",
        "SWSR",
        "identity",
        "Stormfront",
        "Toxi",
        "HatemojiBuild",
        "MLMA",
        "BBQ",
        "DecodingTrust",
    )
    return row.source.startswith(starts)
