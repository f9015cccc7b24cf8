from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from threegate.cli.main import main
from threegate.cli.scan import scan_lines
from threegate.scan.scanner import Scanner
from threegate.types import Level

ID = "11010519491231002X"
CANARY = "kanarienvogel"


def run(scanner: Scanner, lines: list[bytes]) -> tuple[int, list[dict[str, Any]]]:
    out = io.BytesIO()
    code = asyncio.run(scan_lines(scanner, io.BytesIO(b"\n".join(lines)), out, Level.MEDIUM))
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def test_one_line_out_for_one_line_in_in_order(patterns: Scanner) -> None:
    lines = [json.dumps({"id": i, "text": f"{i} {ID}"}).encode() for i in range(500)]
    code, results = run(patterns, lines)
    assert code == 0
    assert [r["id"] for r in results] == list(range(500))
    assert all([f["kind"] for f in r["findings"]] == ["pii.cn.id_card"] for r in results)
    assert set(results[0]) == {"id", "findings", "claims", "ms"}
    assert set(results[0]["findings"][0]) == {"kind", "start", "end", "score", "level", "detector"}


def test_a_bad_line_is_an_error_line_and_the_others_are_answered(patterns: Scanner) -> None:
    lines = [
        b'{"id":"a","text":"fine"}',
        b"",
        b'{"id":"b","text":"' + CANARY.encode(),
        b'{"id":"c"}',
        b'{"id":"d","text":"' + CANARY.encode() + b'","role":"' + CANARY.encode() + b'"}',
        b'{"id":"e","text":"fine"}',
    ]
    code, results = run(patterns, lines)
    assert code == 1
    assert [r["id"] for r in results] == ["a", None, "c", "d", "e"]
    assert ["error" in r for r in results] == [False, True, True, True, False]
    assert results[1]["error"].startswith("line 3: not JSON")
    assert CANARY not in json.dumps(results)


def test_claims_in_lines(tiny: Scanner) -> None:
    row = {"text": "The answer is yes.", "role": "assistant", "context": ["yes yes"]}
    _, (result,) = run(tiny, [json.dumps(row).encode()])
    assert [c["verdict"] for c in result["claims"]] == ["supported"]


def test_the_command_as_a_process() -> None:
    """Standard input to standard output; nothing else is written there."""
    command = [sys.executable, "-m", "threegate", "scan", "--jsonl", "--no-models"]
    given = json.dumps({"id": 1, "text": ID}).encode() + b"\n"
    done = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["findings"][0]["kind"] == "pii.cn.id_card"
    assert done.stderr == b""


def test_one_text_readably(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "--no-models", "--lang", "zh", f"我的身份证是{ID}"]) == 0
    said = capsys.readouterr().out
    assert "pii.cn.id_card" in said
    assert "居民身份证号" in said
    assert main(["scan", "--no-models", "Nothing here"]) == 0
    assert "Nothing found" in capsys.readouterr().out


def test_one_text_as_json_with_a_filter(capsys: pytest.CaptureFixture[str]) -> None:
    text = f"{ID} a.b@example-corp.com"
    assert main(["scan", "--no-models", "--json", "--kinds", "pii.email", text]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [f["kind"] for f in result["findings"]] == ["pii.email"]


def test_a_claim_readably(tiny_models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["scan", "--models", str(tiny_models), "--kinds", "claim", "--context", "yes it is"]
    assert main([*args, "--claim", "It is so", "It is so"]) == 0
    said = capsys.readouterr().out
    assert "supported" in said
    assert "yes it is" in said


def test_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scan", "--jsonl", "--models", str(tmp_path), "text"]) == 2
    assert "standard input" in capsys.readouterr().err  # before models are looked for
    assert main(["scan", "--kinds", "pii,piii", "text"]) == 2
    assert "no detector reports piii" in capsys.readouterr().err
    assert main(["scan", "--models", str(tmp_path), "text"]) == 2
    assert "no model guard" in capsys.readouterr().err


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    lines = tmp_path / "in.jsonl"
    lines.write_text('{"text":"hello"}\n' * 20_000, "utf-8")
    command = f"{sys.executable} -m threegate scan --jsonl --no-models < {lines} | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=60, check=False)
    assert json.loads(done.stdout)["findings"] == []
    assert done.stderr == b""
