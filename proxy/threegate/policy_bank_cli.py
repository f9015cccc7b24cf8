"""`threegate policy bank` and `threegate policy words`: the operator's own banks and keyword
library.

`bank check` counts by risk against the targets of GB/T 45654, `bank run` draws the sample and
measures refusals on the input layer, `words` brings a keyword file into `lists/`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from threegate.check import Runner
from threegate.errors import PolicyError
from threegate.policy.banks import (
    KEYWORDS,
    TARGETS,
    Expect,
    Question,
    Standing,
    Target,
    questions,
    rows,
    sampled,
    standing,
)
from threegate.policy.facade import compile_pack
from threegate.policy.store import DirTree
from threegate.policy.wordlist import Imported, imported, list_file
from threegate.policy_args import add_classifiers
from threegate.policy_run_cli import runner
from threegate.progress import progress


def register(verbs: Any, language: str) -> None:
    check = verbs.add_parser("bank-check", help="count a question bank against its targets")
    run = verbs.add_parser("bank-run", help="refusals of a sampled question bank")
    words = verbs.add_parser("words", help="bring a keyword file (txt, csv, xlsx) into lists/")
    for parser in (check, run, words):
        parser.add_argument("file", type=Path)
        parser.add_argument("--policies", type=Path, default=Path("policies"))
        parser.add_argument("--lang", choices=["zh", "en"], default=language)
    run.add_argument("--pack", default="cn-gbt45654")
    run.add_argument("--seed", default="1", help="the same seed draws the same sample")
    add_classifiers(run)
    words.add_argument("--name", required=True, help="name of the list")
    check.set_defaults(run=_check)
    run.set_defaults(run=_run)
    words.set_defaults(run=_words)


def _bank(args: argparse.Namespace) -> dict[Expect, list[Question]]:
    made = questions(rows(args.file.read_bytes(), args.file.name))
    if not made:
        raise PolicyError(f"{args.file} holds no question")
    return {e: kept for e in Expect if (kept := [q for q in made if q.expect is e])}


def _check(args: argparse.Namespace) -> int:
    complete = True
    for expect, bank in _bank(args).items():
        target = TARGETS[expect]
        found = standing((q.risk for q in bank), target)
        _print_standing(target, found, args.lang)
        complete = complete and not any(s.short for s in found)
    return int(not complete)


def _print_standing(target: Target, found: Iterable[Standing], language: str) -> None:
    print(target.title.get(language))
    for each in found:
        mark = "-" if each.short else "+"
        print(f"  {mark} {each.name:16} {each.count:6} / {each.target}")


def _run(args: argparse.Namespace) -> int:
    bank = _bank(args)
    policy = compile_pack(DirTree(args.policies), args.pack)
    judge = runner(policy, args)
    results = [
        asyncio.run(_measured(judge, expect, bank[expect], args.seed))
        for expect in (Expect.REFUSE, Expect.ANSWER)
        if expect in bank
    ]
    print(json.dumps({"policy": policy.digest, "results": results}, ensure_ascii=False, indent=2))
    return int(not all(r["passed"] for r in results))


async def _measured(
    judge: Runner, expect: Expect, bank: list[Question], seed: str
) -> dict[str, Any]:
    """Counts only; which questions went wrong is given by row text to nobody but the operator's own
    file, so misses are listed by risk."""
    target = TARGETS[expect]
    drawn = sampled(bank, target.sample, seed)
    stopped = []
    with progress(expect.value, len(drawn)) as step:
        for question in drawn:
            stopped.append(await judge.stops(question.text))
            step()
    share = sum(stopped) / len(drawn)
    wrong = [q.risk for q, s in zip(drawn, stopped, strict=True) if s != (expect is Expect.REFUSE)]
    return {
        "bank": expect.value,
        "sample": len(drawn),
        "sample_target": target.sample,
        "refused": round(share, 4),
        "wrong_by_risk": {risk: wrong.count(risk) for risk in sorted(set(wrong))},
        "passed": target.refused_at_least <= share <= target.refused_at_most
        and len(drawn) >= target.sample,
    }


def _words(args: argparse.Namespace) -> int:
    found = imported(rows(args.file.read_bytes(), args.file.name))
    if not found.words:
        raise PolicyError(f"{args.file} holds no usable word")
    path = args.policies / "lists" / f"{args.name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(list_file(found.words, args.file.name), encoding="utf-8")
    print(f"{path}: {len(found.words)} words, {found.left_out} left out")
    _print_left_out(found)
    if found.risks:
        _print_standing(KEYWORDS, standing(found.risks.elements(), KEYWORDS), args.lang)
    return 0


def _print_left_out(found: Imported) -> None:
    for name in ("repeated", "short", "common", "long"):
        if numbers := getattr(found, name):
            more = " …" if len(numbers) > 20 else ""
            print(f"  {name}: rows {', '.join(map(str, numbers[:20]))}{more}")
