"""`threegate policy test` and `replay`: what packs do with texts, judged by the real detectors."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from threegate.check import Runner
from threegate.detectors.suites import Suites
from threegate.errors import PolicyError
from threegate.guard.output import OUTPUT_CHANNELS
from threegate.policy.banks import rows
from threegate.policy.cases import Outcome, Report, cases
from threegate.policy.compile import build
from threegate.policy.facade import compile_pack
from threegate.policy.load import Bundle
from threegate.policy.model import CompiledPolicy
from threegate.policy.report import (
    problems_text,
    report_json,
    report_junit,
    report_sarif,
    report_text,
)
from threegate.policy.store import DirTree, today_utc
from threegate.policy_args import add, add_classifiers, checked
from threegate.progress import progress
from threegate.replay import Change, Recorded, Side, replay
from threegate.types import Bilingual, Caller, Channel, Layer


def register(verbs: Any) -> None:
    formats = ("json", "junit", "sarif")
    test = add(verbs, "test", _test, "run the tests of packs", packs="*", formats=formats)
    test.add_argument("--rule", help="only this rule, or rules that begin with it")
    add_classifiers(test)
    again = add(verbs, "replay", _replay, "recorded texts under two packs", packs="1")
    again.add_argument("--to", required=True, help="the draft")
    again.add_argument("file", type=Path, help="JSONL: id, text, and if wanted channel, tenant")
    add_classifiers(again)


def _test(args: argparse.Namespace) -> int:
    every = checked(args)
    problems = [p for c in every for p in c.errors]
    if problems:
        print(problems_text(problems, args.lang), file=sys.stderr)
        return 1
    bundles = [bundle for c in every for bundle in c.bundles]
    report = asyncio.run(_run(bundles, args))
    print(_rendered(report, args))
    return int(not report.passed)


async def _run(bundles: Iterable[Bundle], args: argparse.Namespace) -> Report:
    suites = Suites(_sentence(args))
    seen: set[object] = set()
    outcomes: list[Outcome] = []
    left_out = 0
    for bundle in bundles:
        policy = build(bundle)
        runner = Runner(policy, suites.of(policy), _progress)
        # A pack that extends another would run the other's tests again.
        new = [c for c in cases(bundle) if (c.at, c.id) not in seen and _wanted(c.rule_id, args)]
        seen.update((c.at, c.id) for c in new)
        report = await runner.run(new, partial=args.classifiers == "off")
        outcomes += report.outcomes
        left_out += report.left_out
    return Report("policy", tuple(outcomes), left_out)


def runner(policy: CompiledPolicy, args: argparse.Namespace) -> Runner:
    return Runner(policy, Suites(_sentence(args)).of(policy))


def _wanted(rule_id: str, args: argparse.Namespace) -> bool:
    return not args.rule or rule_id.startswith(args.rule)


def _sentence(args: argparse.Namespace) -> Any:
    if args.classifiers == "off":
        return ()
    from threegate_classifiers.runtime import Engine

    from threegate.detectors.models import MODELS, sentence_detectors

    return sentence_detectors(Engine.open(args.models, MODELS))


def _progress(outcome: Outcome) -> None:
    if sys.stderr.isatty():
        print("." if outcome.passed else "F", end="", file=sys.stderr, flush=True)


def _rendered(report: Report, args: argparse.Namespace) -> str:
    match args.format:
        case "json":
            return report_json(report)
        case "junit":
            return report_junit(report)
        case "sarif":
            return report_sarif(report, args.lang)
    return report_text(report, args.lang)


def _replay(args: argparse.Namespace) -> int:
    """Exit code 1 when the draft lets something through that was stopped before."""
    texts = tuple(_recorded(args.file))
    if not texts:
        raise PolicyError(f"{args.file} holds no text")
    suites = Suites(_sentence(args))
    packs = (args.pack, args.to)
    policies = [compile_pack(DirTree(args.policies), p, today=today_utc()) for p in packs]
    old, new = (Side(policy, suites.of(policy)) for policy in policies)
    with progress("replay", len(texts)) as step:
        found = asyncio.run(replay(texts, old, new, today=today_utc(), step=step))
    for change, words in CHANGES.items():
        name = words.get(args.lang)
        print(f"{found.counts[change]:7} {name}  {_most(found.by_rule(change))}".rstrip())
        if ids := found.examples(change):
            print(f"{'':8}{', '.join(ids)}")
    return int(found.counts[Change.NEWLY_PASSED] > 0)


CHANGES = {
    Change.SAME: Bilingual("不变", "same"),
    Change.NEWLY_STOPPED: Bilingual("新拦截", "newly stopped"),
    Change.NEWLY_PASSED: Bilingual("新放行", "newly let through"),
    Change.EDITS_DIFFER: Bilingual("脱敏不同", "other masks"),
    Change.OTHER_ACTION: Bilingual("动作不同", "other action"),
}


def _most(counts: Counter[str]) -> str:
    return ", ".join(f"{rule} {count}" for rule, count in counts.most_common(8))


def _recorded(path: Path) -> Iterator[Recorded]:
    for number, row in enumerate(rows(path.read_bytes(), path.name), start=1):
        channel = Channel(row.get("channel", Channel.USER))
        layer = Layer.OUTPUT if channel in OUTPUT_CHANNELS else Layer.INPUT
        caller = Caller(tenant=row.get("tenant", "default"))
        yield Recorded(row.get("id", str(number)), row["text"], layer, channel, caller)
