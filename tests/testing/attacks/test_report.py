"""The report says what was promised and what held, in both languages, and escapes what it shows."""

from __future__ import annotations

import json

import pytest
from threegate.testing.attacks.report import as_html, as_json, summary
from threegate.testing.attacks.trials import Kind, Report, Trial

REPORT = Report(
    "http://guard.test",
    "base@1",
    "2026-01-01T00:00:00+00:00",
    (
        Trial("encoding", "base64", Kind.ATTACK, 200, 200, "request: user"),
        Trial("encoding", "a<b>", Kind.ATTACK, 200, 7, "request: user", records=("tg_1",)),
        Trial("encoding", "starred", Kind.ATTACK, 200, 0, "streamed answer", promised=False),
        Trial("exfiltration", "prose", Kind.TWIN, 1, 1),
    ),
)


@pytest.mark.parametrize(
    ("language", "failed", "unpromised"),
    [("en", "failed", "not promised"), ("zh", "失守", "未承诺")],
)
def test_a_summary_names_broken_promises_only(language: str, failed: str, unpromised: str) -> None:
    lines = summary(REPORT, language).splitlines()
    (one,) = [line for line in lines if failed in line]
    assert "a<b> · 7/200 · tg_1" in one
    assert any(unpromised in line and "0/1" in line for line in lines)
    assert not any("starred" in line for line in lines)


def test_json_has_every_trial() -> None:
    made = json.loads(as_json(REPORT))
    assert made["passed"] is False
    assert set(made["promised"]) == {"encoding", "exfiltration"}
    assert [(t["name"], t["passed"], t["promised"]) for t in made["trials"]] == [
        ("base64", True, True),
        ("a<b>", False, True),
        ("starred", False, False),
        ("prose", True, True),
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_has_every_trial_and_no_markup_of_theirs(language: str) -> None:
    page = as_html(REPORT, language)
    assert page.count("<tr class=") == len(REPORT.trials)
    assert page.count('class="broken"') == 1
    assert "a&lt;b&gt;" in page
    assert "a<b>" not in page
