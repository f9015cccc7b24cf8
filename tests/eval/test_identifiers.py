"""Texts written without a look at the rules, half of them full of traps: what is found in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from threegate.cli.main import main

DATA = Path(__file__).parents[1] / "data"
FILES = ("identifiers.jsonl", "identifiers2.jsonl", "identifiers3.jsonl")


@pytest.mark.parametrize(
    ("file", "task", "least"),
    [
        *((FILES[0], "pii", 0.985), (FILES[0], "secrets", 0.985)),
        *((FILES[1], "pii", 0.99), (FILES[1], "secrets", 0.96)),
        *((FILES[2], "pii", 0.96), (FILES[2], "secrets", 0.925)),
    ],
)
def test_values_are_found_and_traps_are_not(
    file: str, task: str, least: float, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", task, "--data", str(DATA / file), "--no-models", "--json"]) == 0
    *_, total = json.loads(capsys.readouterr().out)["tables"]
    assert total["spans"]["exact"]["f1"] >= least
    assert total["spans"]["false_per_10k_clean_characters"] < 1.5


@pytest.mark.parametrize("file", FILES)
def test_rows_are_in_both_languages_and_half_are_clean(file: str) -> None:
    rows = [json.loads(line) for line in (DATA / file).read_text("utf-8").splitlines()]
    languages = [row["language"] for row in rows]
    assert 0.4 < languages.count("zh") / len(rows) < 0.6
    assert 0.4 < sum(not row["spans"] for row in rows) / len(rows) < 0.6
    assert all(0 <= s["start"] < s["end"] <= len(r["text"]) for r in rows for s in r["spans"])
