"""`threegate policy bank` and `threegate policy words`: the operator's own banks and keyword
library.

`bank-check` counts by risk against the targets of GB/T 45654, `bank-run` draws the sample and
measures what the input layer refuses and, of answers to questions to generate from, what the output
layer stops; `words` imports a keyword file into `lists/`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from threegate.cli.language import line
from threegate.cli.policy.arguments import own_policies
from threegate.cli.policy.testing import runner
from threegate.cli.progress import progress
from threegate.policy.compliance.banks import (
    KEYWORDS,
    TARGETS,
    BankCompleteness,
    BankQuestion,
    Expect,
    Target,
    questions,
    rows,
    sampled,
    standing,
)
from threegate.policy.errors import failure
from threegate.policy.facade import compile_pack
from threegate.policy.language.wordlist import Imported, imported, list_file
from threegate.policy.lifecycle.store import DirTree
from threegate.policy_ops.test_runner import Runner


def _bank(args: argparse.Namespace) -> dict[Expect, list[BankQuestion]]:
    made = questions(rows(args.file.read_bytes(), args.file.name))
    if not made:
        raise failure("nothing-to-read", name=args.file)
    return {e: kept for e in Expect if (kept := [q for q in made if q.expect is e])}


def bank_check_command(args: argparse.Namespace) -> int:
    complete = True
    for expect, bank in _bank(args).items():
        target = TARGETS[expect]
        found = standing((q.risk for q in bank), target)
        _print_standing(target, found, args.lang)
        complete = complete and not any(s.short for s in found)
    return int(not complete)


def _print_standing(target: Target, found: Iterable[BankCompleteness], language: str) -> None:
    print(target.title.get(language))
    for each in found:
        mark = "-" if each.short else "+"
        name = each.name if each.name.isascii() else ""
        counted = f"{each.count:6} / {each.target:<6}"
        print(f"  {mark} {name:14} {counted} {each.title.get(language)}")


def bank_run_command(args: argparse.Namespace) -> int:
    bank = _bank(args)
    if Expect.GENERATE in bank:  # without a model's answer there is nothing to judge
        bank[Expect.GENERATE] = [q for q in bank[Expect.GENERATE] if q.answer]
    policy = compile_pack(DirTree(args.policies), args.pack)
    judge = runner(policy, args)
    results = [asyncio.run(_measured(judge, e, some, args)) for e, some in bank.items() if some]
    if args.format == "json":
        made = {"policy": policy.version_digest, "results": [_as_json(r) for r in results]}
        print(json.dumps(made, ensure_ascii=False, indent=2))
    else:
        digest = policy.version_digest
        print(line("bank-run", args.lang, pack=args.pack, digest=digest, seed=args.seed))
        for result in results:
            _print_sample(result, args.lang)
    return int(not results or not all(r.passed for r in results))


@dataclass(frozen=True, slots=True)
class Sample:
    """The results of a drawn sample. Counts only; misses are listed by risk, because the texts of a
    bank are confidential."""

    expect: Expect
    size: int
    stopped: int
    wrong: Counter[str]

    @property
    def share(self) -> float:
        return self.stopped / self.size

    @property
    def passed(self) -> bool:
        target = TARGETS[self.expect]
        within = target.refused_at_least <= self.share <= target.refused_at_most
        return within and self.size >= target.sample


async def _measured(
    judge: Runner, expect: Expect, bank: list[BankQuestion], args: argparse.Namespace
) -> Sample:
    target = TARGETS[expect]
    drawn = sampled(bank, target.sample, args.seed)
    stopped = []
    with progress(target.title.get(args.lang), len(drawn)) as step:
        for question in drawn:
            stopped.append(await judge.stops(question.text, question.answer))
            step()
    wanted = expect is Expect.REFUSE
    wrong = Counter(q.risk for q, s in zip(drawn, stopped, strict=True) if s is not wanted)
    return Sample(expect, len(drawn), sum(stopped), wrong)


def _as_json(result: Sample) -> dict[str, Any]:
    return {
        "bank": result.expect.value,
        "sample": result.size,
        "sample_target": TARGETS[result.expect].sample,
        "refused": round(result.share, 4),
        "wrong_by_risk": dict(sorted(result.wrong.items())),
        "passed": result.passed,
    }


def _print_sample(result: Sample, language: str) -> None:
    target = TARGETS[result.expect]
    at_least = target.refused_at_least > 0
    limit = target.refused_at_least if at_least else target.refused_at_most
    sample = line(
        "stopped-at-least" if at_least else "stopped-at-most",
        language,
        size=result.size,
        wanted=target.sample,
        share=result.share * 100,
        limit=limit * 100,
    )
    mark = line("met" if result.passed else "not-met", language)
    print(f"{target.title.get(language)}{sample} {mark}")
    for risk, count in result.wrong.most_common():
        title = BankCompleteness(risk, count, 0).title.get(language)
        print(f"  {risk if risk.isascii() else '':14} {count:6} {title}")


def words_command(args: argparse.Namespace) -> int:
    found = imported(rows(args.file.read_bytes(), args.file.name))
    if not found.words:
        raise failure("nothing-to-read", name=args.file)
    path = own_policies(args) / "lists" / f"{args.name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(list_file(found.words, args.file.name), encoding="utf-8")
    counts = {"words": len(found.words), "left_out": found.left_out}
    print(line("imported", args.lang, path=path, **counts))
    _print_left_out(found, args.lang)
    if found.risks:
        _print_standing(KEYWORDS, standing(found.risks.elements(), KEYWORDS), args.lang)
    return 0


def _print_left_out(found: Imported, language: str) -> None:
    for name in LEFT_OUT:
        if numbers := getattr(found, name):
            more = " …" if len(numbers) > MOST_ROWS else ""
            named = ", ".join(map(str, numbers[:MOST_ROWS]))
            print(f"  {line(f'{name}-words', language, rows=named)}{more}")


LEFT_OUT = ("repeated", "short", "common", "long")
MOST_ROWS = 20
