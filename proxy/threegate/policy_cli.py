"""`threegate policy …`: check, test, diff, coverage, explain, and the vocabularies.

Exit codes: 0 fine, 1 problems or failed tests, 2 wrong use. Output is text in the language of
`--lang` (default: that of the locale), or JSON, SARIF or JUnit for machines.
"""

from __future__ import annotations

import argparse
import asyncio
import locale
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from threegate import policy_bank_cli, policy_life_cli, policy_sealed_cli
from threegate.check import Runner
from threegate.detectors.suites import Suites
from threegate.errors import PolicyError
from threegate.guard.output import OUTPUT_CHANNELS
from threegate.policy.banks import rows
from threegate.policy.cases import Outcome, Report, cases
from threegate.policy.compile import build
from threegate.policy.coverage import coverage, matrix_text
from threegate.policy.diff import describe, diff
from threegate.policy.facade import Checked, check, compile_pack
from threegate.policy.kinds import KIND_INFOS
from threegate.policy.lint import LINTS
from threegate.policy.load import Bundle, load_bundle
from threegate.policy.model import CompiledPolicy
from threegate.policy.problems import CODES, Problem
from threegate.policy.reference import filled
from threegate.policy.report import (
    problems_json,
    problems_sarif,
    problems_text,
    report_json,
    report_junit,
    report_sarif,
    report_text,
)
from threegate.policy.schema_json import schema_json
from threegate.policy.store import DirTree, today_utc
from threegate.policy.taxonomy import TAXONOMIES, taxonomy
from threegate.policy.values import new_salt, value_sha256
from threegate.progress import progress
from threegate.replay import Change, Recorded, Side, replay
from threegate.types import Caller, Channel, Layer


def register(commands: Any) -> None:
    policy = commands.add_parser("policy", help="check, test and compare policies")
    verbs = policy.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add(verbs, "check", _check, "load and lint packs", packs="*", formats=("json", "sarif"))
    test = _add(
        verbs,
        "test",
        _test,
        "run the tests of packs",
        packs="*",
        formats=("json", "junit", "sarif"),
    )
    test.add_argument("--rule", help="only this rule, or rules that begin with it")
    test.add_argument("--models", type=Path, default=Path("classifiers/models"))
    test.add_argument("--classifiers", choices=["required", "off"], default="required")
    compare = _add(verbs, "diff", _diff, "two packs or folders, compared in words", packs="1")
    compare.add_argument("--to", required=True, help="the other pack")
    compare.add_argument("--to-policies", type=Path, help="folder of the other pack")
    again = _add(verbs, "replay", _replay, "recorded texts under two packs", packs="1")
    again.add_argument("--to", required=True, help="the draft")
    again.add_argument("file", type=Path, help="JSONL: id, text, and if wanted channel, tenant")
    again.add_argument("--models", type=Path, default=Path("classifiers/models"))
    again.add_argument("--classifiers", choices=["required", "off"], default="required")
    cover = _add(verbs, "coverage", _coverage, "taxonomy × layer × tests", packs="*")
    cover.add_argument("--taxonomy", required=True, choices=[t.id for t in TAXONOMIES])
    explain = _add(verbs, "explain", _explain, "a problem code or a rule", packs="*")
    explain.add_argument("--what", required=True, help="a problem code or a rule id")
    schema = _add(verbs, "schema", _schema, "the JSON Schema of packs")
    schema.add_argument("--write", action="store_true", help="write policies/schema.json")
    _add(verbs, "docs", _docs, "fill the tables of policies/README.md from the code")
    hashing = _add(verbs, "hash", _hash, "values, one a line on standard input, for an exception")
    hashing.add_argument("--salt", help="of values hashed before; without it a new one")
    _add(verbs, "kinds", _kinds, "everything that rules can look for")
    _add(verbs, "taxonomy", _taxonomies, "the ids that `why` can name")
    policy_life_cli.register(verbs, _locale_language())
    policy_bank_cli.register(verbs, _locale_language(), _runner)
    policy_sealed_cli.register(verbs, _locale_language())


def _add(
    verbs: Any,
    name: str,
    run: Callable[[argparse.Namespace], int],
    about: str,
    *,
    packs: str = "",
    formats: tuple[str, ...] = (),
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=about)
    if packs == "1":
        parser.add_argument("pack")
    elif packs:
        parser.add_argument("packs", nargs="*", metavar="PACK", help="default: every pack")
    if formats:
        parser.add_argument("--format", choices=["text", *formats], default="text")
    parser.add_argument("--policies", type=Path, default=Path("policies"))
    parser.add_argument("--lang", choices=["zh", "en"], default=_locale_language())
    parser.set_defaults(run=run)
    return parser


def _locale_language() -> str:
    return "zh" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"


def _names(args: argparse.Namespace) -> list[str]:
    """The packs asked for, else every pack of the folder. No pack at all is wrong use."""
    names = args.packs or sorted(p.stem for p in (args.policies / "packs").glob("*.yaml"))
    if not names:
        raise PolicyError(f"no pack in {args.policies / 'packs'}")
    return list(names)


def _checked(args: argparse.Namespace) -> list[Checked]:
    """Each pack by itself, so that one broken pack hides nothing of another."""
    return [check(DirTree(args.policies), [n], today=today_utc()) for n in _names(args)]


def _check(args: argparse.Namespace) -> int:
    every = [p for checked in _checked(args) for p in checked.problems]
    problems = tuple(dict.fromkeys(sorted(every, key=lambda p: (p.at, p.code))))
    match args.format:
        case "json":
            print(problems_json(problems))
        case "sarif":
            print(problems_sarif(problems, args.lang))
        case _:
            _print_problems(problems, args.lang)
    return int(any(p.severity == "error" for p in problems))


def _print_problems(problems: tuple[Problem, ...], language: str) -> None:
    if problems:
        print(problems_text(problems, language))
    counts = {s: sum(p.severity == s for p in problems) for s in ("error", "warning", "info")}
    print(", ".join(f"{count} {name}" for name, count in counts.items()))


def _test(args: argparse.Namespace) -> int:
    checked = _checked(args)
    problems = [p for c in checked for p in c.errors]
    if problems:
        print(problems_text(problems, args.lang), file=sys.stderr)
        return 1
    bundles = [bundle for c in checked for bundle in c.bundles]
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


def _runner(policy: CompiledPolicy, args: argparse.Namespace) -> Runner:
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


def _diff(args: argparse.Namespace) -> int:
    old = compile_pack(DirTree(args.policies), args.pack)
    new = compile_pack(DirTree(args.to_policies or args.policies), args.to)
    found = diff(old, new)
    for change in found.changes:
        print(describe(change, args.lang))
    print(found.summary.get(args.lang))
    return 0


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
    for change in Change:
        print(f"{change.value:14} {found.counts[change]:7}  {_most(found.by_rule(change))}")
        if ids := found.examples(change):
            print(f"{'':23} {', '.join(ids)}")
    return int(found.counts[Change.NEWLY_PASSED] > 0)


def _most(counts: Counter[str]) -> str:
    return ", ".join(f"{rule} {count}" for rule, count in counts.most_common(8))


def _recorded(path: Path) -> Iterator[Recorded]:
    for number, row in enumerate(rows(path.read_bytes(), path.name), start=1):
        channel = Channel(row.get("channel", Channel.USER))
        layer = Layer.OUTPUT if channel in OUTPUT_CHANNELS else Layer.INPUT
        caller = Caller(tenant=row.get("tenant", "default"))
        yield Recorded(row.get("id", str(number)), row["text"], layer, channel, caller)


def _coverage(args: argparse.Namespace) -> int:
    chosen = taxonomy(args.taxonomy)
    if chosen is None:
        raise PolicyError(f"no taxonomy {args.taxonomy}")
    bundle = load_bundle(DirTree(args.policies), _names(args))
    print(matrix_text(coverage(bundle, chosen), args.lang))
    return 0


def _explain(args: argparse.Namespace) -> int:
    text = _explained(args)
    if not text:
        raise PolicyError(f"nothing is called {args.what}")
    print(text)
    return 0


def _explained(args: argparse.Namespace) -> str:
    for lint in LINTS:
        if lint.code == args.what:
            parts = (lint.title, lint.why, lint.fix)
            return f"{lint.code} ({lint.severity.value})\n" + "\n".join(
                part.get(args.lang) for part in parts
            )
    for code in CODES:
        if code.code == args.what:
            return f"{code.code} ({code.severity.value})\n{code.hint.get(args.lang)}"
    policy = build(load_bundle(DirTree(args.policies), _names(args)))
    rules: tuple[Any, ...] = (*policy.rules, *policy.constraints)
    return next((_rule_text(rule, args.lang) for rule in rules if rule.id == args.what), "")


def _rule_text(rule: Any, language: str) -> str:
    """What a rule is and why, as an auditor wants to read it."""
    why = ", ".join(rule.why)
    return (
        f"{rule.id}: {rule.title.get(language)}\n{rule.pack} · {rule.owner} · {rule.mode} · {why}"
    )


def _schema(args: argparse.Namespace) -> int:
    if args.write:
        (args.policies / "schema.json").write_text(schema_json(), encoding="utf-8")
    else:
        print(schema_json(), end="")
    return 0


READMES = (("README.md", "en"), ("README.zh-CN.md", "zh"))


def _docs(args: argparse.Namespace) -> int:
    for name, language in READMES:
        path = args.policies / name
        path.write_text(filled(path.read_text(encoding="utf-8"), language), encoding="utf-8")
    return 0


def _hash(args: argparse.Namespace) -> int:
    """The values are read, never shown: a command line would keep them in its history."""
    salt = args.salt or new_salt()
    values = [line.strip() for line in sys.stdin if line.strip()]
    if not values:
        raise PolicyError("give the values on standard input, one a line")
    hashes = ", ".join(f"'{value_sha256(value, salt)}'" for value in values)
    print(f"match: {{value_salt: '{salt}', value_sha256: [{hashes}]}}")
    return 0


def _kinds(args: argparse.Namespace) -> int:
    for info in KIND_INFOS:
        print(f"{info.kind:26} {info.title.get(args.lang)}")
    return 0


def _taxonomies(args: argparse.Namespace) -> int:
    for each in TAXONOMIES:
        print(f"# {each.title.get(args.lang)}")
        for category in each.categories:
            print(f"{category.id:18} {category.title.get(args.lang)}")
    return 0
