"""`threegate policy …`: check, test, diff, coverage, explain, and the vocabularies.

Exit codes: 0 fine, 1 problems or failed tests, 2 wrong use. Output is text in the language of
`--lang` (default: that of the locale), or JSON, SARIF or JUnit for machines.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from threegate.cli.errors import unread
from threegate.cli.language import line
from threegate.cli.policy.arguments import checked, names, own_policies
from threegate.policy.compile import build
from threegate.policy.compliance.coverage import coverage, matrix_text
from threegate.policy.compliance.taxonomy import TAXONOMIES
from threegate.policy.errors import FAILURES, failure
from threegate.policy.facade import Checked, compile_pack
from threegate.policy.kinds import KIND_INFOS
from threegate.policy.language.hashed_values import new_salt, value_sha256
from threegate.policy.language.load import load_bundle
from threegate.policy.language.problems import CODES, Problem, Severity
from threegate.policy.language.schema_json import schema_json
from threegate.policy.language.vocabulary import MODE, SEVERITY
from threegate.policy.lifecycle.cut_off import cut_off
from threegate.policy.lifecycle.store import LAST_GOOD, DirTree, files_in_force
from threegate.policy.lint import LINTS
from threegate.policy.strictness.diff import describe, diff
from threegate.policy.testing.report import problems_json, problems_sarif, problems_text
from threegate.types import Bilingual

STANDARDS = tuple(t.id for t in TAXONOMIES)
"""What `--taxonomy` takes."""


def check_command(args: argparse.Namespace) -> int:
    found = checked(args)
    every = [p for each in found for p in each.problems]
    if args.var is not None:
        every += _cut_off(found, args.var / "policy")
    problems = tuple(dict.fromkeys(sorted(every, key=lambda p: (p.at, p.code))))
    match args.format:
        case "json":
            print(problems_json(problems))
        case "sarif":
            print(problems_sarif(problems, args.lang))
        case _:
            _print_problems(problems, args.lang)
    return int(any(p.severity == "error" for p in problems))


def _cut_off(found: Iterable[Checked], state_dir: Path) -> tuple[Problem, ...]:
    """Files that lost their end since a proxy had them in force. Raises UseError for a folder
    without a proxy's state, which would compare with nothing."""
    try:
        (state_dir / LAST_GOOD).read_bytes()
    except OSError as error:
        raise unread(error) from None
    files = {path: data for each in found for path, data in each.files.items()}
    return cut_off(files_in_force(state_dir), files)


def _print_problems(problems: tuple[Problem, ...], language: str) -> None:
    if problems:
        print(problems_text(problems, language))
    counts = Counter(p.severity for p in problems)
    parts = [f"{counts[severity]} {words.get(language)}" for severity, words in SEVERITY.items()]
    print(line("comma", language).join(parts))


def diff_command(args: argparse.Namespace) -> int:
    old = compile_pack(DirTree(args.policies), args.pack)
    new = compile_pack(DirTree(args.to_policies or args.policies), args.to)
    found = diff(old, new)
    for change in found.changes:
        print(describe(change, args.lang))
    print(found.summary.get(args.lang))
    return 0


def coverage_command(args: argparse.Namespace) -> int:
    chosen = next(t for t in TAXONOMIES if t.id == args.taxonomy)
    bundle = load_bundle(DirTree(args.policies), names(args))
    print(matrix_text(coverage(bundle, chosen), args.lang))
    return 0


def explain_command(args: argparse.Namespace) -> int:
    text = _explained(args)
    if not text:
        raise failure("nothing-called", name=args.what)
    print(text)
    return 0


def _explained(args: argparse.Namespace) -> str:
    for lint in LINTS:
        if lint.code == args.what:
            return _described(lint.code, lint.severity, (lint.title, lint.why, lint.fix), args.lang)
    for code in (*CODES, *FAILURES):
        if code.code == args.what:
            return _described(code.code, Severity.ERROR, code.texts, args.lang)
    policy = build(load_bundle(DirTree(args.policies), names(args)))
    rules: tuple[Any, ...] = (*policy.rules, *policy.constraints)
    return next((_rule_text(rule, args.lang) for rule in rules if rule.id == args.what), "")


def _described(code: str, severity: Severity, parts: Iterable[Bilingual], language: str) -> str:
    head = f"{code} ({SEVERITY[severity].get(language)})"
    return "\n".join([head, *(part.get(language) for part in parts)])


def _rule_text(rule: Any, language: str) -> str:
    """What a rule is and why, for an auditor."""
    mode, why = MODE[rule.mode].get(language), ", ".join(rule.why)
    return f"{rule.id}: {rule.title.get(language)}\n{rule.pack} · {rule.owner} · {mode} · {why}"


def schema_command(args: argparse.Namespace) -> int:
    if args.write:
        (own_policies(args) / "schema.json").write_text(schema_json(), encoding="utf-8")
    else:
        print(schema_json(), end="")
    return 0


def hash_command(args: argparse.Namespace) -> int:
    """Values are read from input and never shown; the command line would keep them in the shell
    history."""
    salt = args.salt or new_salt()
    values = [line.strip() for line in sys.stdin if line.strip()]
    if not values:
        raise failure("no-values")
    hashes = ", ".join(f"'{value_sha256(value, salt)}'" for value in values)
    print(f"match: {{value_salt: '{salt}', value_sha256: [{hashes}]}}")
    return 0


def kinds_command(args: argparse.Namespace) -> int:
    for info in KIND_INFOS:
        print(f"{info.kind:26} {info.title.get(args.lang)}")
    return 0


def taxonomy_command(args: argparse.Namespace) -> int:
    for each in TAXONOMIES:
        print(f"# {each.title.get(args.lang)}")
        for category in each.categories:
            print(f"{category.id:18} {category.title.get(args.lang)}")
    return 0
