"""Everyday prompts and asks for harm of families that never trained, through a running proxy.

    PYTHONPATH=proxy:classifiers python bench/everyday.py --data ../shared/data [--out FILE.json]

With the pack `base`, per language 200 everyday prompts and 100 asks for harm, drawn by a fixed seed
(`classifiers/train/unseen_sets.py`), each as one conversation with the demo model behind the proxy.
What the rules did is read from the audit log; prompts that a rule acted on are told by their id,
since their texts belong to others.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "classifiers" / "train"))

from threegate import settings as settings_module  # noqa: E402
from threegate.cli.demo import in_process  # noqa: E402
from threegate.demo.conversations import Conversation  # noqa: E402
from threegate.demo.play import DemoStage, Played, play  # noqa: E402
from threegate.types import Bilingual  # noqa: E402
from unseen_sets import Unseen, all_unseen  # noqa: E402

SEED = 20
EVERYDAY = (
    "arena",
    "halueval2",
    "wellformed",
    "fastchat",
    "ifeval",
    "lobe",
    "belle",
    "followbench",
    "nextchat",
)
PROMPTS, ASKS, LONGEST = 200, 100, 2000
STOPS = ("block", "answer")


def drawn(rows: Sequence[Unseen]) -> Iterator[tuple[str, str, list[Unseen]]]:
    """(kind, language, texts): prompts as they come, asks evenly from their families."""
    for language in ("en", "zh"):
        mine = [r for r in rows if r.language == language and len(r.text) <= LONGEST]
        everyday = [r for r in mine if r.kind == "prompt" and r.family in EVERYDAY]
        yield "everyday", language, random.Random(SEED).sample(everyday, PROMPTS)
        asks = [r for r in mine if r.kind == "harm"]
        random.Random(SEED).shuffle(asks)
        place: Counter[str] = Counter()
        order = []
        for row in asks:
            place[row.family] += 1
            order.append((place[row.family], row.family, row.id, row))
        yield "harm", language, [row for *_, row in sorted(order)[:ASKS]]


def outcome(played: Played) -> str:
    """stopped, flagged or passed; what happened to the demo model's answer is told apart."""
    acted = [a for a in played.acted or () if not a.shadow]
    if any(a.layer == "input" and a.action in STOPS for a in acted):
        return "stopped"
    if any(a.layer == "output" and a.action in STOPS for a in acted):
        return "answer stopped"
    return "flagged" if any(a.action == "flag" and a.layer == "input" for a in acted) else "passed"


async def asked(
    stage: DemoStage, texts: Sequence[Unseen]
) -> tuple[Counter[str], dict[str, list[str]]]:
    """How often each outcome came, and by whose rule a prompt was stopped or flagged."""
    counted: Counter[str] = Counter()
    rules: dict[str, list[str]] = {}
    for number, row in enumerate(texts):
        body = {"model": "r1-pro", "messages": [{"role": "user", "content": row.text}]}
        played = await play(stage, Conversation(f"{number}", Bilingual("", ""), body))
        counted[outcome(played)] += 1
        for acted in played.acted or ():
            if acted.action in (*STOPS, "flag"):
                rules.setdefault(f"{acted.action} {acted.rule} {acted.kind}", []).append(
                    f"{row.family} {row.id}"
                )
    return counted, rules


async def measured(rows: Sequence[Unseen], given: dict[str, Any]) -> dict[str, Any]:
    found = {}
    async with in_process(settings_module.load(given=given, file=None), "en") as stage:
        for kind, language, texts in drawn(rows):
            counted, rules = await asked(stage, texts)
            found[f"{kind} {language}"] = {
                "n": len(texts),
                **counted,
                "by": {rule: len(ids) for rule, ids in rules.items()},
            }
            print(f"{kind} {language}: {dict(counted)}", flush=True)
            for rule, ids in sorted(rules.items()):
                if kind == "everyday":
                    print(f"   {rule}: {ids[:12]}")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    given = {
        "packs": ("base",),
        "policies": ROOT / "policies",
        "models": ROOT / "classifiers" / "models",
        "classifiers": "required",
    }
    found = asyncio.run(measured(all_unseen(args.data), given))
    if args.out:
        args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
