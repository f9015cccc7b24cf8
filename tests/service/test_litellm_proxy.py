"""The real LiteLLM proxy with this guard as its guardrail, on both sides, and as its Presidio.

`scripts/litellm` installs it into a folder of its own and runs these tests.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate.testing.scripts import Prompt, Reply
from threegate.testing.shapes import Chat

from tests.e2e.support.running import Running
from tests.service.records import events, last_events
from tests.waiting import PATIENCE_S

PROGRAM = os.environ.get("THREEGATE_TEST_LITELLM", "")
pytestmark = [
    pytest.mark.litellm,
    pytest.mark.skipif(not PROGRAM, reason="THREEGATE_TEST_LITELLM names no program"),
]
MASTER = "sk-" + secrets.token_hex(32)
MOBILE, KEY = "13917352846", "sk-proj-" + "a1B2c3D4" * 6
PLACEHOLDER = re.compile(r"\[MOBILE_[A-Z]+\]")
CONFIG = """\
model_list:
  - model_name: demo
    litellm_params: {{model: openai/deepseek-r1, api_base: "{upstream}/v1", api_key: none}}
general_settings: {{master_key: {master}}}
guardrails:
  - guardrail_name: threegate
    litellm_params:
      guardrail: generic_guardrail_api
      mode: [pre_call, post_call]
      api_base: "{guard}"
      unreachable_fallback: fail_closed
      streaming_transform_mode: incremental_diff
  - guardrail_name: presidio
    litellm_params:
      guardrail: presidio
      mode: pre_call
      presidio_analyzer_api_base: "{guard}"
      presidio_anonymizer_api_base: "{guard}"
  - guardrail_name: presidio-restoring
    litellm_params:
      guardrail: presidio
      mode: pre_call
      output_parse_pii: true
      presidio_analyzer_api_base: "{guard}"
      presidio_anonymizer_api_base: "{guard}"
"""


@dataclass
class LiteLlmProxy:
    url: str
    guard: Running

    def ask(self, text: str, guardrail: str = "threegate", **more: Any) -> httpx.Response:
        messages = [{"role": "user", "content": text}]
        body = {"model": "demo", "messages": messages, "guardrails": [guardrail], **more}
        headers = {"authorization": f"Bearer {MASTER}"}
        return httpx.post(f"{self.url}/v1/chat/completions", json=body, headers=headers)

    def play(self, answer: str, *, stream: bool = False) -> None:
        shape = Chat(Prompt(), Reply(answer=answer), {"stream": stream})
        if stream:
            self.guard.demo.play(list(shape.events()))
        else:
            body = json.dumps(shape.body()).encode()
            self.guard.demo.play([body], media_type="application/json")

    @property
    def seen(self) -> str:
        return str(self.guard.demo.received[-1].body["messages"][-1]["content"])


@pytest.fixture(scope="module")
def litellm(served: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiteLlmProxy]:
    folder: Path = tmp_path_factory.mktemp("litellm")
    file = folder / "config.yaml"
    file.write_text(CONFIG.format(upstream=served.direct, guard=served.url, master=MASTER))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PROGRAM, "--config", str(file), "--host", "127.0.0.1", "--port", str(port)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    environment |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
    environment |= {"PRESIDIO_ANALYZER_API_BASE": served.url}
    environment |= {"PRESIDIO_ANONYMIZER_API_BASE": served.url}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}/health/liveliness", process, folder / "log")
            yield LiteLlmProxy(f"http://127.0.0.1:{port}", served)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 4 * PATIENCE_S
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise AssertionError("LiteLLM did not start")


def said(reply: httpx.Response) -> str:
    assert reply.status_code == 200, reply.text
    return str(reply.json()["choices"][0]["message"]["content"])


def test_values_are_masked_for_the_model_and_come_back(litellm: LiteLlmProxy) -> None:
    litellm.ask(f"Ring {MOBILE}.", litellm_trace_id="t-1")
    (placeholder,) = PLACEHOLDER.findall(litellm.seen)
    assert MOBILE not in litellm.seen
    litellm.play(f"I rang {placeholder}.")
    assert said(litellm.ask(f"Ring {MOBILE}.", litellm_trace_id="t-1")) == f"I rang {MOBILE}."


def test_a_stopped_request_never_reaches_the_model(litellm: LiteLlmProxy) -> None:
    before = len(litellm.guard.demo.received)
    reply = litellm.ask("我不想活了")
    assert reply.status_code == 400
    assert "400" in reply.json()["error"]["code"]
    assert len(litellm.guard.demo.received) == before
    event = last_events(litellm.guard, "litellm")[-1]
    assert (event["stage"], event["action"]) == ("blocked", "answer")


def test_answers_are_edited(litellm: LiteLlmProxy) -> None:
    litellm.play(f"The key is {KEY}.")
    assert said(litellm.ask("hello")) == "The key is [secret removed]."


def streamed(reply: httpx.Response) -> str:
    assert reply.status_code == 200, reply.text
    lines = [line[6:] for line in reply.text.splitlines() if line.startswith("data: {")]
    deltas = [c["delta"] for line in lines for c in json.loads(line).get("choices", ())]
    return "".join(d.get("content") or "" for d in deltas)


def test_streams_are_edited_and_nothing_leaves_early(litellm: LiteLlmProxy) -> None:
    answer = f"Here you are, as you wished: the key is {KEY}, and that is all of it."
    litellm.play(answer, stream=True)
    reply = litellm.ask("hello", stream=True)
    assert KEY[:12] not in reply.text
    assert streamed(reply) == answer.replace(KEY, "[secret removed]")


def test_values_come_back_in_streams(litellm: LiteLlmProxy) -> None:
    litellm.ask(f"Ring {MOBILE}.", litellm_trace_id="t-2")
    (placeholder,) = PLACEHOLDER.findall(litellm.seen)
    litellm.play(f"I rang {placeholder} and they are well.", stream=True)
    reply = litellm.ask(f"Ring {MOBILE}.", litellm_trace_id="t-2", stream=True)
    assert streamed(reply) == f"I rang {MOBILE} and they are well."


@pytest.mark.parametrize("hook", ["presidio", "presidio-restoring"])
def test_its_presidio_hook_finds_and_masks_by_our_places(litellm: LiteLlmProxy, hook: str) -> None:
    reply = litellm.ask(f"我的手机号是{MOBILE}，请记住。", hook)
    assert reply.status_code == 200, reply.text
    assert re.fullmatch(r"我的手机号是<PHONE_NUMBER\w*>，请记住。", litellm.seen)
    event = [e for e in last_events(litellm.guard, "presidio") if "masked" in e][-1]
    assert event["masked"] == ["pii.cn.mobile"]
    assert len(events(litellm.guard, event["request"])) == 1
