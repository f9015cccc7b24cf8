from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from threegate.cli.main import main


def data(tmp_path: Path, *rows: Any) -> str:
    path = tmp_path / "set.jsonl"
    path.write_text("\n".join(json.dumps(r) for r in rows), "utf-8")
    return str(path)


def report(capsys: pytest.CaptureFixture[str], *args: str) -> Any:
    code = main(["eval", *args, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_secrets_without_a_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = "sk-" + "4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"
    path = data(tmp_path, {"text": f"key {key}", "label": 1}, {"text": "no key", "label": 0})
    code, made = report(capsys, "secrets", "--data", path, "--no-models")
    assert code == 0
    (table,) = made["tables"]
    assert (table["n"], table["precision"], table["recall"]) == (2, 1.0, 1.0)
    assert table["auroc"] is None


def test_offensive_through_a_model(
    tmp_path: Path, tiny_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"text": "so stupid", "label": 1}, {"text": "so clever", "label": 0}]
    path = data(tmp_path, *rows)
    code, made = report(capsys, "offensive", "--data", path, "--models", str(tiny_models))
    assert code == 0
    assert made["tables"][0]["auroc"] == 1.0


def test_grounding_through_a_model(
    tmp_path: Path, tiny_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"context": "yes yes", "claim": "It is so.", "label": "supported"},
        {"context": "no no", "claim": "It is so.", "label": "refuted"},
    ]
    args = ("grounding", "--data", data(tmp_path, *rows), "--models", str(tiny_models))
    code, made = report(capsys, *args)
    assert code == 0
    assert made["tables"][0]["balanced_accuracy"] == 1.0
    assert made["tables"][0]["three_way"] == {"n": 2, "accuracy": 1.0, "balanced_accuracy": 1.0}


def test_tables_for_readers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"text": "a.b@example-corp.com", "spans": [{"start": 0, "end": 20, "label": "EMAIL"}]},
        {"text": "fine", "spans": [{"start": 0, "end": 4, "label": "ODD"}]},
        {"text": 5, "spans": []},
    ]
    assert main(["eval", "pii", "--data", data(tmp_path, *rows), "--no-models"]) == 1
    said = capsys.readouterr()
    assert "EMAIL" in said.out
    assert "1.000" in said.out
    assert "ODD" in said.err
    assert "left out: 1 × text: a string is needed" in said.err


def test_a_missing_file_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "pii", "--data", "nowhere.jsonl", "--no-models"]) == 2
    assert "nowhere.jsonl" in capsys.readouterr().err


def test_made_rows_need_a_checkout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("threegate.cli.eval.CHECKOUT", tmp_path)
    assert main(["eval", "pii", "--made", "3", "--no-models"]) == 2
    assert "come with the source" in capsys.readouterr().err
