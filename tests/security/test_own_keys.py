"""A model API that repeats the proxy's key: it does not come back to the client, wherever it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate.settings import UpstreamSettings

from tests.e2e.conftest import OFF
from tests.e2e.support.fidelity import PATHS, request
from tests.e2e.support.running import ROOT, Running, proxy
from tests.security.conftest import Watched

KEY = "up-own-Qw7xRt2pLm94Zk"


@pytest.fixture(scope="module", params=["base", "off"])
def keyed(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    upstream: tuple[Watched, str],
) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("keyed")
    packs: Path = root / "policies" / "packs"
    packs.mkdir(parents=True)
    (packs / "off.yaml").write_text(OFF, "utf-8")
    policies = root / "policies" if request.param == "off" else ROOT / "policies"
    to = (UpstreamSettings(upstream[1], key_env="THREEGATE_TEST_OWN_KEY"),)
    more = {"packs": (request.param,), "environment": {"THREEGATE_TEST_OWN_KEY": KEY}}
    with proxy(root / "var", policies, upstreams=to, **more) as made:
        yield made


def _chat(content: str, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"content": content}, "finish_reason": "stop"}
    return {"id": "c", "choices": [choice], **more}


def _event(content: str, **more: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "delta": {"content": content}}], **more}


WHOLE: dict[str, tuple[int, dict[str, Any]]] = {
    "an error": (400, {"error": {"message": f"bad key {KEY}", "type": "x"}}),
    "an error's code": (500, {"error": {"message": "no", "code": KEY}}),
    "content": (200, _chat(f"It is {KEY}.")),
    "id": (200, _chat("ok", id=f"c-{KEY}")),
    "model": (200, _chat("ok", model=KEY)),
    "a field": (200, _chat("ok", debug={"authorization": f"Bearer {KEY}"})),
}
STREAMED: dict[str, list[dict[str, Any]]] = {
    "an error": [{"error": {"message": f"bad key {KEY}"}}],
    "content": [_event(f"It is {KEY}.")],
    "content in pieces": [_event(piece) for piece in ("It is ", KEY[:5], KEY[5:9], KEY[9:], ".")],
    "id": [_event("ok", id=f"c-{KEY}")],
    "a field": [_event("ok", debug=KEY)],
}


@pytest.mark.parametrize("case", WHOLE)
def test_no_key_in_whole_answers(keyed: Running, watched: Watched, case: str) -> None:
    status, body = WHOLE[case]
    watched.demo.play([json.dumps(body).encode()], status=status, media_type="application/json")
    response = httpx.post(keyed.url + PATHS["chat"], json=request("chat"), timeout=60)
    assert response.status_code == status
    assert KEY not in response.text
    assert watched.seen[-1][2]["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("size", [1, 5, 4096])
@pytest.mark.parametrize("case", STREAMED)
def test_no_key_in_streams(keyed: Running, watched: Watched, case: str, size: int) -> None:
    events = b"".join(b"data: %b\n\n" % json.dumps(e).encode() for e in STREAMED[case])
    events = b": " + KEY.encode() + b"\n\n" + events + b"data: [DONE]\n\n"
    watched.demo.play([events[at : at + size] for at in range(0, len(events), size)])
    asked = request("chat", stream=True)
    text = httpx.post(keyed.url + PATHS["chat"], json=asked, timeout=60).text
    said = "".join(
        choice["delta"].get("content") or ""
        for line in text.splitlines()
        if line.startswith("data: {")
        for choice in json.loads(line[6:]).get("choices", ())
    )
    assert KEY not in text
    assert KEY not in said


def test_no_key_in_headers(keyed: Running, watched: Watched) -> None:
    body = json.dumps(_chat("ok")).encode()
    headers = {"x-request-id": KEY, "x-ratelimit-key": f"Bearer {KEY}"}
    watched.demo.play([body], media_type="application/json", headers=tuple(headers.items()))
    response = httpx.post(keyed.url + PATHS["chat"], json=request("chat"), timeout=60)
    assert KEY not in str(response.headers)
