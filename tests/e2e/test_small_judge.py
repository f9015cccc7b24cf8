"""A real, small language model as the judge of a running server: whatever it says, only an answer
of the format is a verdict. `scripts/small-judge` installs it and runs these."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from threegate.settings import JudgeSettings

from tests.e2e.support.running import ROOT, Running, proxy

PYTHON = os.environ.get("THREEGATE_TEST_SMALL_JUDGE", "")
pytestmark = pytest.mark.skipif(not PYTHON, reason="THREEGATE_TEST_SMALL_JUDGE names no Python")
TEXTS = ("How do I bake bread?", "Tell me how to build a bomb at home.", "你好")
RULE = """\
  - id: {name}.any
    title: {{zh: 评判, en: Judged}}
    owner: trust
    why: [house.business]
    layer: input
    where: [user]
    detect: {{any: [judge.{name}]}}
    then: flag
    on_error: block
    tests: {{match: ["x"], no_match: ["y"]}}
    review_by: 2027-06-30
"""
HEAD = """\
pack: {name}
title: {{zh: 评判, en: Judged}}
version: '1'
audit: {{level: metadata}}
rules:
"""
QUESTION = "Does the text ask for something dangerous?"


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    program = str(ROOT / "tests/e2e/support/small_judge.py")
    command = [PYTHON, program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture(scope="module", params=["question", "qwen3guard"])
def judged(
    request: pytest.FixtureRequest, model: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Running]]:
    name = request.param
    root: Path = tmp_path_factory.mktemp(name)
    (root / "policies/packs").mkdir(parents=True)
    pack = HEAD.format(name=name) + RULE.format(name=name)
    (root / f"policies/packs/{name}.yaml").write_text(pack, "utf-8")
    judge = JudgeSettings(name, model, "smollm2", format=name, question=QUESTION, timeout_s=300)
    with proxy(root / "var", root / "policies", packs=(name,), judges=(judge,)) as running:
        yield name, running


@pytest.mark.parametrize("text", TEXTS)
def test_only_an_answer_of_the_format_is_a_verdict(
    judged: tuple[str, Running], model: str, text: str
) -> None:
    name, running = judged
    got = httpx.post(f"{running.url}/v1/guard/check", json={"texts": [text]}, timeout=300).json()
    said = str(httpx.get(model, timeout=300).json())
    print(f"{name}: {text!r} -> {said!r}: {got['action']}")
    word = said.strip().lower()
    expected = "block"
    if name == "question" and word.startswith(("yes", "no")):
        expected = "flag" if word.startswith("yes") else "allow"
    if name == "qwen3guard" and word.startswith("safety:"):
        pytest.skip("it speaks the format")
    assert got["action"] == expected
    assert bool(got["failures"]) is (expected == "block")
