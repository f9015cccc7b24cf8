"""The real LiteLLM proxy with a running guard as its guardrail and as its Presidio."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate.testing.scripts import Prompt, Reply
from threegate.testing.shapes import Chat

from tests.e2e.support.running import Running
from tests.waiting import PATIENCE_S

PROGRAM = os.environ.get("THREEGATE_TEST_LITELLM", "")
NEEDED = [
    pytest.mark.litellm,
    pytest.mark.skipif(not PROGRAM, reason="THREEGATE_TEST_LITELLM names no program"),
]
MASTER = "sk-" + secrets.token_hex(32)
CONFIG = """\
model_list:
  - model_name: deepseek-r1
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
  - guardrail_name: presidio-refused
    litellm_params:
      guardrail: presidio
      mode: pre_call
      presidio_ad_hoc_recognizers: "{recognizers}"
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
        return self.post([{"role": "user", "content": text}], guardrail, **more)

    def post(
        self, messages: Sequence[Any], guardrail: str = "threegate", **more: Any
    ) -> httpx.Response:
        asked = {"model": "deepseek-r1", "messages": messages, "guardrails": [guardrail]}
        body = {**asked, **more}
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


@contextmanager
def litellm_proxy(guard: Running, folder: Path) -> Iterator[LiteLlmProxy]:
    file = folder / "config.yaml"
    recognizers = folder / "recognizers.json"
    recognizers.write_text('[{"name": "any"}]')
    places = {"upstream": guard.direct, "guard": guard.url, "recognizers": recognizers}
    file.write_text(CONFIG.format(**places, master=MASTER))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PROGRAM, "--config", str(file), "--host", "127.0.0.1", "--port", str(port)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    environment |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False"}
    environment |= {"PRESIDIO_ANALYZER_API_BASE": guard.url}
    environment |= {"PRESIDIO_ANONYMIZER_API_BASE": guard.url}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            _wait(f"http://127.0.0.1:{port}/health/liveliness", process, folder / "log")
            yield LiteLlmProxy(f"http://127.0.0.1:{port}", guard)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 10 * PATIENCE_S  # it imports for a long time
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise AssertionError("LiteLLM did not start")
