from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from threegate.cli.main import main

from tests.detectors.judges.answers import chat
from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve


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


def test_a_judge_is_measured_beside_the_model(
    tmp_path: Path, tiny_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It finds neither sentence in the source; both are asked about at once, in any order."""
    model = ScriptedUpstream()
    for _ in range(2):
        model.play([json.dumps(chat("unsupported")).encode()], media_type="application/json")
    with serve(model.app) as url:
        config = tmp_path / "threegate.yaml"
        config.write_text(
            f"judges: [{{name: facts, format: claims, url: '{url}', model: m}}]", "utf-8"
        )
        given = ("--data", answers(tmp_path), "--models", str(tiny_models))
        code, made = report(capsys, *given, "--judge", "facts", "--config", str(config))
    assert code == 0
    by_way = {t["sources"]: t["accuracy"] for t in made["tables"]}
    assert by_way == {"own": 1.0, "judge": 0.0}


def test_a_judge_that_does_not_answer_is_counted(
    tmp_path: Path, tiny_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "threegate.yaml"
    config.write_text(
        "judges: [{name: facts, format: claims, url: 'http://127.0.0.1:9', model: m}]", "utf-8"
    )
    given = ("--data", answers(tmp_path), "--models", str(tiny_models), "--config", str(config))
    code, made = report(capsys, *given, "--judge", "facts")
    assert (code, made["failed"]) == (1, {"judge_facts: error": 1})
    assert main(["eval", "claims", *given, "--judge", "nobody"]) == 2
    assert main(["eval", "claims", *given, "--judge", "facts", "--no-models"]) == 2
