from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from threegate.cli.main import main


def answers(tmp_path: Path) -> str:
    rows = [
        {
            "question": "?",
            "context": ["yes yes. It costs 8 euros a month."],
            "answer": "So it is. It costs 9 euros a month.",
            "sentences": [
                {"text": "So it is.", "label": "supported"},
                {"text": "It costs 9 euros a month.", "label": "contradicted"},
            ],
            "language": "en",
        }
    ]
    path = tmp_path / "answers.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return str(path)


def report(capsys: pytest.CaptureFixture[str], *args: str) -> Any:
    code = main(["eval", "claims", *args, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_four_ways(tmp_path: Path, tiny_models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, made = report(capsys, "--data", answers(tmp_path), "--models", str(tiny_models))
    assert code == 0
    by_way = {t["sources"]: t for t in made["tables"]}
    assert list(by_way) == ["own", "knowledge", "numbers", "none"]
    assert by_way["own"]["accuracy"] == 1.0
    assert by_way["none"]["verdicts"]["supported"]["recall"] == 0.0
    assert by_way["numbers"]["verdicts"]["contradicted"]["f1"] == 1.0


def test_numbers_without_a_model_as_a_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "claims", "--data", answers(tmp_path), "--no-models"]) == 0
    said = capsys.readouterr().out
    assert "numbers" in said
    assert "1.000" in said


def test_a_missing_file_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "claims", "--data", "nowhere.jsonl", "--no-models"]) == 2
    assert "nowhere.jsonl" in capsys.readouterr().err
