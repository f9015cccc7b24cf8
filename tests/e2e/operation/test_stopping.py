"""A stop of the real program while answers are read that take longer than it waits: each client gets
an error of its API, and each record says why."""

from __future__ import annotations

import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import anthropic
import httpx
import openai
import pytest
from threegate.testing.scripts import Prompt, Reply

from tests.e2e.support.running import ROOT
from tests.e2e.test_endings import PATHS, asked, turns
from tests.e2e.test_guarded import SHAPES
from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve
from tests.waiting import PATIENCE_S, eventually

LISTENS = re.compile(r"listens at (http://127.0.0.1:\d+)")
HELLO = turns("hello")
WORDS = "one two three four five six seven eight nine ten"
SETTINGS = """
upstreams: [{{url: '{url}'}}]
policies: '{policies}'
var: var
classifiers: off
log_format: json
port: 0
drain: 0
packs: [{pack}]
"""
KINDS = {
    "chat": "service_unavailable",
    "completions": "service_unavailable",
    "responses": "stopping: ",
    "messages": "overloaded_error",
}
QUESTIONS = """
pack: questions
title: {zh: 只看提问, en: Questions only}
rules:
  - id: in.secret
    title: {zh: 密钥, en: Secret}
    owner: test
    why: [house.business]
    layer: input
    where: [user]
    detect: {any: [secret]}
    then: flag
    tests: {match: ['sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e'], no_match: [go]}
    review_by: 2027-06-30
"""


@dataclass(frozen=True)
class Served:
    """The program and the model behind it."""

    process: subprocess.Popen[bytes]
    url: str
    root: Path
    demo: ScriptedUpstream

    def stream(self, api: str, began: Event) -> str:
        """How a stream ends for the official client; `began` is set by its first event."""
        events = list(SHAPES[api](Prompt(), Reply(WORDS), {}).events())
        half = len(events) // 2
        self.demo.play([b"".join(events[:half]), b"".join(events[half:])], go_on=Event())
        try:
            for event in _events(self.url, api):
                began.set()
                if getattr(event, "type", "") == "error":
                    return f"{event.code}: {event.message}"
        except (openai.APIError, anthropic.APIError) as error:
            return f"{error.body}"
        return "no error"

    def whole(self) -> tuple[int, str, str | None]:
        reply = httpx.post(self.url + PATHS["chat"], json=asked("chat", HELLO, False), timeout=60)
        code = reply.json()["error"]["code"]
        return reply.status_code, code, reply.headers.get("retry-after")

    def unfinished(self, path: str, begins: bytes) -> socket.socket:
        """A connection whose request lacks the end of its body."""
        address = httpx.URL(self.url)
        made = socket.create_connection((address.host, address.port or 80), PATIENCE_S)
        head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: 999\r\n\r\n"
        made.sendall(head.encode() + begins)
        return made

    def errors(self) -> list[tuple[str, str]]:
        with sqlite3.connect(self.root / "var/audit.sqlite3") as connection:
            rows = connection.execute("select entry from audit_record order by seq").fetchall()
        events = [json.loads(row[0])["event"] for row in rows]
        own = (*PATHS, "guard_stream")
        return [(e["stage"], e.get("error", "")) for e in events if e.get("endpoint") in own]


@dataclass(frozen=True)
class Stopped:
    """What the clients got, how the program ended, and what it recorded."""

    ends: dict[str, str]
    whole: tuple[int, str, str | None]
    waiting: tuple[bytes, bytes]
    status: int
    log: str
    errors: list[tuple[str, str]]


@pytest.fixture(scope="module", params=["base", "questions"])
def stopped(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Stopped:
    """Under a policy that guards answers, or one under which their bytes pass as they are."""
    root, policies = tmp_path_factory.mktemp("stopping"), ROOT / "policies"
    if request.param == "questions":
        policies = root / "policies"
        (policies / "packs").mkdir(parents=True)
        (policies / "packs/questions.yaml").write_text(QUESTIONS, "utf-8")
    with served(root, policies, request.param) as made:
        return _stop(made)


@contextmanager
def served(root: Path, policies: Path, pack: str) -> Iterator[Served]:
    log, command = root / "log", [sys.executable, "-m", "threegate", "serve"]
    demo = ScriptedUpstream()
    with serve(demo.app) as url, log.open("w") as lines:
        text = SETTINGS.format(url=url, policies=policies, pack=pack)
        (root / "threegate.yaml").write_text(text, "utf-8")
        process = subprocess.Popen(command, cwd=root, stderr=lines, stdout=lines)
        try:
            assert eventually(lambda: LISTENS.search(log.read_text("utf-8")) is not None)
            yield Served(process, LISTENS.findall(log.read_text("utf-8"))[0], root, demo)
        finally:
            process.kill()
            process.wait(PATIENCE_S)


def _stop(served: Served) -> Stopped:
    """With a stream and a whole call of each kind under way, a check of an answer that its client
    does not close, and a body that does not arrive."""
    begun = b'{"open": {}}\n{"append": "One two three. Four five six."}\n'
    with (
        ThreadPoolExecutor() as pool,
        served.unfinished("/v1/guard/stream", begun) as check,
        served.unfinished(PATHS["chat"], b"{") as body,
    ):
        assert b'"release"' in _until(check, b'"release"')
        streams = {}
        for api in PATHS:
            streams[api] = pool.submit(served.stream, api, began := Event())
            assert began.wait(PATIENCE_S)
        served.demo.play([], hang=True)
        whole = pool.submit(served.whole)
        assert eventually(lambda: len(served.demo.received) > len(PATHS))
        served.process.send_signal(signal.SIGTERM)
        ends = {api: future.result() for api, future in streams.items()}
        waiting = (_until(check), _until(body))
        status = served.process.wait(PATIENCE_S)
        log = (served.root / "log").read_text("utf-8")
        return Stopped(ends, whole.result(), waiting, status, log, served.errors())


def test_every_client_gets_an_error_of_its_api(stopped: Stopped) -> None:
    assert stopped.status == 0, stopped.log
    assert stopped.whole == (503, "stopping", "1")
    assert all("the server is stopping" in end for end in stopped.ends.values()), stopped.ends
    assert all(KINDS[api] in end for api, end in stopped.ends.items()), stopped.ends


def test_who_waits_for_a_client_gets_an_error_too(stopped: Stopped) -> None:
    check, body = stopped.waiting
    assert b'"code":"stopping"' in check
    assert body.startswith(b"HTTP/1.1 503 ")


def test_each_record_says_why(stopped: Stopped) -> None:
    """Of each stream, of the whole call and of the check; the body was not one yet."""
    assert stopped.errors == [("aborted", "stopping")] * (len(PATHS) + 2)


def _until(connection: socket.socket, found: bytes | None = None) -> bytes:
    """What arrives, up to `found` or the end."""
    got = b""
    while (found is None or found not in got) and (piece := connection.recv(65536)):
        got += piece
    return got


def _events(url: str, api: str) -> Iterator[Any]:
    body = asked(api, HELLO, True)
    with (
        openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as of_openai,
        anthropic.Anthropic(base_url=url, api_key="none", max_retries=0) as of_anthropic,
    ):
        match api:
            case "chat":
                yield from of_openai.chat.completions.create(**body)
            case "completions":
                yield from of_openai.completions.create(**body)
            case "responses":
                yield from of_openai.responses.create(**body)
            case _:
                yield from of_anthropic.messages.create(**body)
