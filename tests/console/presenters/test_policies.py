from __future__ import annotations

from threegate.console.presenters.policies import expiring, problem_rows, rule_full, rule_row
from threegate.policy.language.load import DictTree, load_bundle
from threegate.policy.language.problems import Mark, Problem, Severity
from threegate.types import Bilingual

from tests.console.forms.test_rule_form import TEXT, rule

WORDS = Bilingual("字", "word")


def test_a_rule_as_a_row_and_in_full() -> None:
    found = rule(TEXT)
    row = rule_row(found, "demo", {"demo.email": 7}, "en")
    assert (row["title"], row["hits"], row["tests"], row["exceptions"]) == ("E-mail", 7, 2, 1)
    full = rule_full(found, "zh")
    assert full["excepted"][0]["covers"] == {"tenant": ["acme"]}


def test_what_ends_soon_comes_first() -> None:
    bundle = load_bundle(DictTree({"packs/demo.yaml": TEXT.encode()}), ["demo"])
    assert expiring(bundle, "2026-11-25", "en") == []
    rows = expiring(bundle, "2027-01-15", "en")
    assert [(r["what"], r["id"], r["date"]) for r in rows] == [("exception", "E-1", "2027-01-31")]
    assert [r["what"] for r in expiring(bundle, "2027-06-15", "en")] == ["exception", "review"]


def test_errors_before_warnings() -> None:
    places = [(Severity.WARNING, 1), (Severity.ERROR, 9), (Severity.ERROR, 3)]
    problems = [Problem("c", s, Mark("f", n), WORDS, WORDS) for s, n in places]
    rows = problem_rows(problems, "en")
    assert [(r["severity"], r["line"]) for r in rows] == [
        ("error", 3),
        ("error", 9),
        ("warning", 1),
    ]
