"""Problems and test reports as text, JSON, JUnit XML and SARIF 2.1.0.

No output holds the text of a test; places are `file:line:column` so that an editor can jump there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from xml.sax.saxutils import quoteattr

from threegate.policy.language.problems import CODES, Mark, Problem, Severity
from threegate.policy.language.vocabulary import SEVERITY
from threegate.policy.lint import LINTS
from threegate.policy.testing.cases import Outcome, TestReport
from threegate.types import Bilingual

_SARIF_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
NO_TESTS = Bilingual("没有测试", "no tests")
NONE_RAN = Bilingual(
    "没有测试，视为失败：请在规则的 `tests` 下写出应当匹配和不应匹配的文字",
    "no tests ran, a failure: write texts that must match and must not under `tests` of a rule",
)
TEST_FAILED = Bilingual("测试失败", "a test failed")
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def problems_text(problems: Iterable[Problem], language: str) -> str:
    """Two lines per problem: where and what, then how to fix it."""
    return "\n".join(
        f"{_where(p.at)}{SEVERITY[p.severity].get(language)} [{p.code}] {p.text.get(language)}\n"
        f"    {p.hint.get(language)}"
        for p in problems
    )


def _where(at: Mark) -> str:
    return f"{at}: " if at.file else ""


def problems_json(problems: Iterable[Problem]) -> str:
    return _json([_problem(p) for p in problems])


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "severity": problem.severity.value,
        "file": problem.at.file,
        "line": problem.at.line,
        "column": problem.at.column,
        "rule": problem.rule_id or None,
        "text": asdict(problem.text),
        "hint": asdict(problem.hint),
    }


def problems_sarif(problems: Iterable[Problem], language: str) -> str:
    """One run; every known code is a SARIF rule, so a viewer can explain it."""
    return _sarif(
        [_result(p.code, _SARIF_LEVELS[p.severity], p, language) for p in problems], language
    )


def _result(code: str, level: str, problem: Problem, language: str) -> dict[str, Any]:
    text = f"{problem.text.get(language)} {problem.hint.get(language)}"
    return _located(code, level, text, problem.at.file, problem.at.line, problem.at.column)


def _located(code: str, level: str, text: str, file: str, line: int, column: int) -> dict[str, Any]:
    return {
        "ruleId": code,
        "level": level,
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": file},
                    "region": {"startLine": line, "startColumn": column},
                }
            }
        ],
    }


def _sarif(results: list[dict[str, Any]], language: str) -> str:
    driver = {"name": "threegate policy", "rules": _sarif_rules(language)}
    runs = [{"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}]
    return _json({"$schema": _SCHEMA, "version": "2.1.0", "runs": runs})


def _sarif_rules(language: str) -> list[dict[str, Any]]:
    loader = [_sarif_rule(c.code, *(t.get(language) for t in c.texts)) for c in CODES]
    lints = [
        _sarif_rule(each.code, each.title.get(language), each.fix.get(language)) for each in LINTS
    ]
    failed = _sarif_rule("test-failed", TEST_FAILED.get(language), "")
    return [*loader, *lints, failed]


def _sarif_rule(code: str, title: str, help_text: str) -> dict[str, Any]:
    return {"id": code, "shortDescription": {"text": title}, "help": {"text": help_text or title}}


def report_text(report: TestReport, language: str) -> str:
    """Failures, one per line, then the totals."""
    lines = [f"{o.case.at}: {o.case.id}: {o.detail.get(language)}" for o in report.failures]
    return "\n".join([*lines, tally(report).get(language)])


def tally(report: TestReport) -> Bilingual:
    total, failed = len(report.outcomes), len(report.failures)
    if not total:
        return Bilingual(f"{report.name}：{NONE_RAN.zh}", f"{report.name}: {NONE_RAN.en}")
    zh, en = (
        f"{report.name}：{total} 条测试，{failed} 条失败",
        f"{report.name}: {total} tests, {failed} failed",
    )
    if report.left_out:
        zh += f"，{report.left_out} 条没有检测器可运行"
        en += f", {report.left_out} left out for want of a detector"
    return Bilingual(zh, en)


def report_json(report: TestReport) -> str:
    return _json(
        {
            "name": report.name,
            "passed": report.passed,
            "tests": len(report.outcomes),
            "failures": len(report.failures),
            "left_out": report.left_out,
            "cases": [_outcome(o) for o in report.outcomes],
        }
    )


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "id": outcome.case.id,
        "rule": outcome.case.rule_id,
        "passed": outcome.passed,
        "detail": asdict(outcome.detail),
        "seconds": round(outcome.seconds, 4),
        "file": outcome.case.at.file,
        "line": outcome.case.at.line,
    }


def report_junit(report: TestReport, language: str) -> str:
    """One test suite; an empty run has one failing case for that."""
    body = "\n".join(_testcase(o, language) for o in report.outcomes) or _empty(language)
    failures = len(report.failures) if report.outcomes else 1
    count = max(1, len(report.outcomes))
    name = quoteattr(report.name)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuite name={name} tests="{count}" failures="{failures}">\n{body}\n</testsuite>\n'
    )


def _empty(language: str) -> str:
    name, why = NO_TESTS.get(language), NONE_RAN.get(language)
    return f"  <testcase name={quoteattr(name)}><failure message={quoteattr(why)}/></testcase>"


def _testcase(outcome: Outcome, language: str) -> str:
    head = (
        f"  <testcase classname={quoteattr(outcome.case.rule_id)} name={quoteattr(outcome.case.id)}"
    )
    head += f' time="{outcome.seconds:.4f}"'
    if outcome.passed:
        return head + "/>"
    return f"{head}><failure message={quoteattr(outcome.detail.get(language))}/></testcase>"


def report_sarif(report: TestReport, language: str) -> str:
    """Failed cases as SARIF errors at the place of the test."""
    results = [
        _located(
            "test-failed",
            "error",
            f"{o.case.id}: {o.detail.get(language)}",
            o.case.at.file,
            o.case.at.line,
            o.case.at.column,
        )
        for o in report.failures
    ]
    return _sarif(results, language)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
