"""Machine formats are well formed and hold no text of a test."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from threegate.policy.language.load import load_bundle
from threegate.policy.testing.cases import Outcome, TestReport, cases
from threegate.policy.testing.report import (
    problems_json,
    problems_sarif,
    problems_text,
    report_json,
    report_junit,
    report_sarif,
    report_text,
)
from threegate.types import Bilingual

from tests.policy.packs import checked, spoiled, tree

PROBLEMS = checked(spoiled(("pipl.51", "pipl.999"))).problems
ALL = cases(load_bundle(tree(), ["shop"]))
DETAIL = Bilingual('发现 <无> & "x"', 'found <nothing> & "x"')
REPORT = TestReport("shop", (Outcome(ALL[0], True), Outcome(ALL[1], False, DETAIL)), 3)
EMPTY = TestReport("shop", ())


def test_problems() -> None:
    assert problems_text(PROBLEMS, "zh").startswith("packs/shop.yaml:23:11: 错误 [unknown-why]")
    (problem,) = json.loads(problems_json(PROBLEMS))
    assert (problem["line"], problem["column"], problem["rule"]) == (23, 11, "pii.email")
    run = json.loads(problems_sarif(PROBLEMS, "en"))["runs"][0]
    known = {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in run["results"]} <= known


def test_reports() -> None:
    assert report_text(REPORT, "en").endswith(
        "2 tests, 1 failed, 3 left out for want of a detector"
    )
    assert json.loads(report_json(REPORT))["failures"] == 1
    suite = ElementTree.fromstring(report_junit(REPORT, "zh"))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [f.get("message") for f in suite.iter("failure")] == [DETAIL.zh]
    assert (
        json.loads(report_sarif(REPORT, "en"))["runs"][0]["results"][0]["ruleId"] == "test-failed"
    )


def test_an_empty_run_fails_in_every_format() -> None:
    assert "under `tests` of a rule" in report_text(EMPTY, "en")
    assert ElementTree.fromstring(report_junit(EMPTY, "zh")).get("failures") == "1"
    assert json.loads(report_json(EMPTY))["passed"] is False


def test_no_text_of_a_test_leaks() -> None:
    for text in (report_text(REPORT, "zh"), report_json(REPORT), report_junit(REPORT, "zh")):
        assert "a@b.c" not in text
