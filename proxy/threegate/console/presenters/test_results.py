"""Results of tests, joined with their texts.

The stored result has only ids (only the log keeps texts); the texts come from the policy with
exactly this content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from threegate.console.forms.request_lines import shown
from threegate.policy.language.load import Bundle
from threegate.policy.testing.cases import Case, ConstraintCase, TestReport, cases

AnyCase = Case | ConstraintCase
NO_MORE: dict[str, Any] = {"question": "", "sources": []}


def _as_test(case: ConstraintCase) -> dict[str, Any]:
    becomes = {} if case.becomes is None else {"becomes": case.becomes}
    return {"request": case.request, **becomes, **({"refused": True} if case.refused else {})}


def kept_report(report: TestReport, left_out: Iterable[AnyCase]) -> dict[str, Any]:
    """A run in stored form: no text of any test."""
    return {
        "passed": report.passed,
        "total": len(report.outcomes),
        "left_out": report.left_out,
        "left": [case.id for case in left_out],
        "outcomes": {o.case.id: o.passed for o in report.outcomes},
        "failures": [
            {"id": o.case.id, "rule": o.case.rule_id, "line": o.case.at.line}
            | {"detail": asdict(o.detail)}
            for o in report.failures
        ],
    }


def test_report(kept: Mapping[str, Any], bundles: Iterable[Bundle]) -> dict[str, Any]:
    """The stored run, each failure with the text of its test and the title of its rule."""
    bundles = list(bundles)
    known, named = by_id(bundles), _titles(bundles)
    failures = [f | sample(known.get(f["id"])) | named.get(f["rule"], {}) for f in kept["failures"]]
    return {**kept, "failures": failures}


test_report.__test__ = False  # type: ignore[attr-defined]  # a name that pytest would collect


def _titles(bundles: Iterable[Bundle]) -> dict[str, dict[str, Any]]:
    rules = (r for bundle in bundles for pack in bundle.packs for r in pack.rules)
    return {rule.id: {"title": asdict(rule.title)} for rule in rules}


def by_id(bundles: Iterable[Bundle]) -> dict[str, AnyCase]:
    return {case.id: case for bundle in bundles for case in cases(bundle)}


def sample(case: AnyCase | None, language: str = "en") -> dict[str, Any]:
    """The text of a test and the expected result; for a constraint, what the request becomes."""
    match case:
        case Case():
            expect = "match" if case.expect_match else "no_match"
            more = {"question": case.question, "sources": list(case.sources)}
            return {"text": case.text, "expect": expect, "channel": case.channel.value} | more
        case ConstraintCase():
            text = shown(_as_test(case), language) or ""
            changes = case.refused or case.becomes is not None
            return {
                "text": text,
                "expect": "match" if changes else "no_match",
                "channel": "",
            } | NO_MORE
    return {"text": "", "expect": "", "channel": ""} | NO_MORE
