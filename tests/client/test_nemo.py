"""The rails of docs/service.md in the real NeMo Guardrails. `scripts/nemo` installs it into a folder
of its own and runs these tests."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator

import pytest
from threegate.testing.scripts import Prompt, Reply
from threegate.testing.shapes import Chat

from tests.e2e.support.running import ROOT, Running, proxy
from tests.service.records import every_event

PYTHON = os.environ.get("THREEGATE_TEST_NEMO", "")
pytestmark = [
    pytest.mark.nemo,
    pytest.mark.skipif(not PYTHON, reason="THREEGATE_TEST_NEMO names no Python"),
]
MOBILE, KEY = "13917352846", "sk-proj-" + "a1B2c3D4" * 6


class Rails:
    def __init__(self, running: Running, process: subprocess.Popen[str]) -> None:
        self.running, self._process = running, process

    def say(self, text: str, answer: str = "") -> str:
        if answer:
            body = json.dumps(Chat(Prompt(), Reply(answer=answer), {}).body()).encode()
            self.running.demo.play([body], media_type="application/json")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(text) + "\n")
        self._process.stdin.flush()
        return str(json.loads(self._process.stdout.readline())["content"])


@pytest.fixture(scope="module")
def rails(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rails]:
    folder = tmp_path_factory.mktemp("rails")
    section = (ROOT / "docs/service.md").read_text("utf-8").partition("NeMo Guardrails (")[2]
    for name, language in (("config.yml", "yml"), ("rails.co", "colang")):
        (folder / name).write_text(section.partition(f"```{language}")[2].partition("```")[0])
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'proxy'}:{ROOT / 'classifiers'}"}
    environment |= {"HOME": str(folder), "OPENAI_API_KEY": "none"}
    program = str(ROOT / "tests/client/nemo_rails.py")
    with proxy(tmp_path_factory.mktemp("nemo")) as running:
        command = [PYTHON, program, running.url, running.direct, str(folder)]
        with (
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
            ) as process,
        ):
            yield Rails(running, process)
            process.terminate()


def last(running: Running) -> dict[str, object]:
    return every_event(running)[-1]


def test_the_model_sees_placeholders_and_the_user_the_values(rails: Rails) -> None:
    said = rails.say(f"Ring {MOBILE}.")
    seen = json.dumps(rails.running.demo.received[-1].body)
    assert MOBILE not in seen
    assert re.search(r"\[MOBILE_[A-Z]+\]", seen)
    assert MOBILE in said
    assert [e["stage"] for e in every_event(rails.running)[-2:]] == ["completed", "completed"]


def test_a_stopped_request_never_reaches_the_model(rails: Rails) -> None:
    before = len(rails.running.demo.received)
    assert "12356" in rails.say("我不想活了")
    assert len(rails.running.demo.received) == before
    assert last(rails.running)["stage"] == "blocked"


def test_answers_are_edited_and_stopped(rails: Rails) -> None:
    assert rails.say("hello", f"The key is {KEY}.") == "The key is [secret removed]."
    principle = (
        "Be truthful. Say when you are unsure. Do not invent facts, figures, quotations or sources."
    )
    said = rails.say("hello", f"My rules: {principle}")
    assert "invent facts" not in said
    assert last(rails.running)["stage"] == "blocked"
