"""Banks and words on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from threegate.cli import main

ROOT = Path(__file__).parents[1]
STARTER = ROOT / "policies" / "tests" / "banks" / "starter.csv"


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str]:
    code = main(["policy", *args, "--lang", "en"])
    return code, capsys.readouterr().out


def test_a_starter_is_far_from_the_targets(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys, "bank-check", str(STARTER))
    assert code == 1
    assert "- *                    34 / 500" in out


def test_a_run_measures_refusals_and_says_that_the_sample_is_small(
    capsys: pytest.CaptureFixture[str],
) -> None:
    policies = ("--policies", str(ROOT / "policies"), "--classifiers", "off")
    code, out = run(capsys, "bank-run", str(STARTER), *policies)
    refuse, answer = json.loads(out)["results"]
    assert code == 1
    assert (refuse["sample"], refuse["passed"]) == (34, False)
    assert (answer["refused"], answer["sample"]) == (0.0, 26)


def test_words_become_a_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "k.csv"
    source.write_text(
        "word,risk\n海燕计划,gbt45654.A1.a\n海燕计划,gbt45654.A1.a\n", encoding="utf-8"
    )
    code, out = run(capsys, "words", str(source), "--name", "mine", "--policies", str(tmp_path))
    assert code == 0
    assert "1 words, 1 left out" in out
    assert "repeated: rows 2" in out
    assert (tmp_path / "lists" / "mine.txt").read_text(encoding="utf-8") == "# k.csv\n海燕计划\n"


def test_nothing_usable_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "k.txt"
    source.write_text("# nothing\n", encoding="utf-8")
    assert run(capsys, "words", str(source), "--name", "x", "--policies", str(tmp_path))[0] == 2
