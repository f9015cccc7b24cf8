"""Documents with planted orders beside harmless ones, written without a look at signatures or training rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from threegate.cli.main import main

DATA = Path(__file__).parents[1] / "data" / "injection_blind.jsonl"


def test_signatures_alone_stay_quiet_on_harmless_texts(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["eval", "injection", "--data", str(DATA), "--no-models", "--level", "medium", "--json"]
    assert main(asked) == 0
    *_, total = json.loads(capsys.readouterr().out)["tables"]
    assert total["n"] == 452
    assert total["false_positive_rate"] < 0.06
    assert total["recall"] > 0.15


def test_rows_are_in_both_languages_and_half_are_harmless() -> None:
    rows = [json.loads(line) for line in DATA.read_text("utf-8").splitlines()]
    assert len({row["text"] for row in rows}) == len({row["id"] for row in rows}) == len(rows)
    for key, value in (("language", "zh"), ("label", 1), ("role", "tool_result")):
        assert 0.4 < sum(row[key] == value for row in rows) / len(rows) < 0.75
