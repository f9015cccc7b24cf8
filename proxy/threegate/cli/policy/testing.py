"""`threegate policy test` and `replay`: what packs do with texts, judged by the real detectors."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from threegate.cli.language import line
from threegate.cli.policy.arguments import checked
from threegate.cli.progress import progress
from threegate.detectors.detector_sets import DetectorSets
from threegate.guard.output import OUTPUT_CHANNELS
from threegate.policy.compliance.banks import rows
from threegate.policy.errors import failure
from threegate.policy.facade import compile_pack
from threegate.policy.language.load import Bundle
from threegate.policy.lifecycle.store import DirTree, today_utc
from threegate.policy.model import EVERYONE, Binding, CompiledPolicy, PolicySet
from threegate.policy.testing.cases import Outcome, TestReport, joined, planned
from threegate.policy.testing.report import (
    problems_text,
    report_json,
    report_junit,
    report_sarif,
    report_text,
)
from threegate.policy_ops.replay import CHANGE, Recorded, ReplaySide, VerdictChange, replay
from threegate.policy_ops.test_runner import Runner
from threegate.types import Caller, Channel, Layer


def test_command(args: argparse.Namespace) -> int:
    every = checked(args)
    problems = [p for c in every for p in c.errors]
    if problems:
        print(problems_text(problems, args.lang), file=sys.stderr)
        return 1
    bundles = [bundle for c in every for bundle in c.bundles]
    report = run_tests(bundles, args)
    print(_rendered(report, args))
    return int(not report.passed)


def run_tests(bundles: Iterable[Bundle], args: argparse.Namespace) -> TestReport:
    """Every test of the bundles through the real detectors; `args` choose rules and classifiers."""
    return asyncio.run(_run(bundles, args))


async def _run(bundles: Iterable[Bundle], args: argparse.Namespace) -> TestReport:
    detector_sets = DetectorSets(_sentence(args))
    reports = []
    for policy, every in planned(bundles):
        wanted = [c for c in every if _wanted(c.rule_id, args)]
        judge = Runner(policy, detector_sets.of(policy), _progress)
        reports.append(await judge.run(wanted, partial=args.classifiers == "off"))
    return joined("policy", reports)


def runner(policy: CompiledPolicy, args: argparse.Namespace) -> Runner:
    return Runner(policy, DetectorSets(_sentence(args)).of(policy))


def _wanted(rule_id: str, args: argparse.Namespace) -> bool:
    wanted = getattr(args, "rule", "")
    return not wanted or rule_id.startswith(wanted)


def _sentence(args: argparse.Namespace) -> Any:
    if args.classifiers == "off":
        return ()
    from threegate_classifiers.runtime import Engine

    from threegate.detectors.models.factory import MODELS, sentence_detectors

    return sentence_detectors(Engine.open(args.models, MODELS, language=args.lang))


def _progress(outcome: Outcome) -> None:
    if sys.stderr.isatty():
        print("." if outcome.passed else "F", end="", file=sys.stderr, flush=True)


def _rendered(report: TestReport, args: argparse.Namespace) -> str:
    match args.format:
        case "json":
            return report_json(report)
        case "junit":
            return report_junit(report, args.lang)
        case "sarif":
            return report_sarif(report, args.lang)
    return report_text(report, args.lang)


def replay_command(args: argparse.Namespace) -> int:
    """Exit code 1 when the draft lets something through that was stopped before."""
    texts = tuple(_recorded(args.file))
    if not texts:
        raise failure("nothing-to-read", name=args.file)
    detector_sets = DetectorSets(_sentence(args))
    old, new = (
        ReplaySide(_for_all(pack, args.policies), detector_sets.of) for pack in (args.pack, args.to)
    )
    with progress(line("replay", args.lang), len(texts)) as step:
        found = asyncio.run(replay(texts, old, new, today=today_utc(), step=step))
    for change, words in CHANGE.items():
        name = words.get(args.lang)
        print(f"{found.counts[change]:7} {name}  {_most(found.by_rule(change))}".rstrip())
        if who := _most(found.by_caller(change)):
            print(f"{'':8}{line('callers', args.lang)}{who}")
        if ids := found.examples(change):
            print(f"{'':8}{', '.join(ids)}")
    return int(found.counts[VerdictChange.NEWLY_PASSED] > 0)


def _for_all(pack: str, folder: Path) -> PolicySet:
    """Uses one pack for every caller, whatever its bindings say."""
    policy = compile_pack(DirTree(folder), pack, today=today_utc())
    return PolicySet(policy.digest, (Binding(EVERYONE, policy),))


def _most(counts: Counter[str]) -> str:
    return ", ".join(f"{rule} {count}" for rule, count in counts.most_common(8))


def _recorded(path: Path) -> Iterator[Recorded]:
    for number, row in enumerate(rows(path.read_bytes(), path.name), start=1):
        if not row.get("text"):
            raise failure("row-text", row=number)
        if (channel := row.get("channel", Channel.USER)) not in list(Channel):
            raise failure("row-channel", row=number, known=", ".join(Channel))
        yield _record(number, row, Channel(channel))


def _record(number: int, row: Mapping[str, str], channel: Channel) -> Recorded:
    layer = Layer.OUTPUT if channel in OUTPUT_CHANNELS else Layer.INPUT
    caller = Caller(row.get("tenant", "default"), row.get("key", "anonymous"))
    question = row.get("question", "")
    return Recorded(row.get("id", str(number)), row["text"], layer, channel, caller, question)
