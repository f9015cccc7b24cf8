"""A real, small language model as the judge of a running server: an answer of the format is a
verdict, whatever else it says is a failure. `scripts/small-judge` installs it and runs these."""

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
    deadline_ms: 60000
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
WAYS = (("question", ""), ("question", "/constrained"), ("qwen3guard", ""))


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    program = str(ROOT / "tests/e2e/support/small_judge.py")
    command = [PYTHON, program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: way[0] + way[1].replace("/", "-"))
def judged(
    request: pytest.FixtureRequest, model: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Running]]:
    name, below = request.param
    root: Path = tmp_path_factory.mktemp(name)
    (root / "policies/packs").mkdir(parents=True)
    pack = HEAD.format(name=name) + RULE.format(name=name)
    (root / f"policies/packs/{name}.yaml").write_text(pack, "utf-8")
    url = model + below
    judge = JudgeSettings(name, url, "smollm2", format=name, question=QUESTION, timeout_s=60)
    with proxy(root / "var", root / "policies", packs=(name,), judges=(judge,)) as running:
        yield f"{name}{below}", running


@pytest.mark.parametrize("text", TEXTS)
def test_only_an_answer_of_the_format_is_a_verdict(
    judged: tuple[str, Running], model: str, text: str
) -> None:
    way, running = judged
    got = httpx.post(f"{running.url}/v1/guard/check", json={"texts": [text]}, timeout=90).json()
    said = str(httpx.get(model, timeout=90).json())
    print(f"{way}: {text!r} -> {said!r}: {got['action']}")
    word = said.strip().lower()
    expected = "block"
    if way.startswith("question") and word.startswith(("yes", "no")):
        expected = "flag" if word.startswith("yes") else "allow"
    if way == "qwen3guard" and word.startswith("safety:"):
        pytest.skip("it speaks the format")
    assert got["action"] == expected
    reasons = [failure["reason"] for failure in got["failures"]]
    assert reasons == (["error"] if expected == "block" else [])  # never a timeout
    assert expected != "block" or way != "question/constrained"
