"""Cross-origin calls: none by default, and for the origins that the settings name."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from threegate.settings import load
from threegate.settings.errors import SettingsError

from tests.e2e.support.running import proxy

PAGE = "https://app.example.com"
ASK = {"model": "deepseek-r1", "messages": [{"role": "user", "content": "hi"}]}
QUESTION = {
    "origin": PAGE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type",
}


def test_a_named_origin_may_call_and_read(tmp_path: Path) -> None:
    with proxy(tmp_path, cors=(PAGE,)) as running:
        path = f"{running.url}/v1/chat/completions"
        asked = httpx.options(path, headers=QUESTION)
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == PAGE
        for stream in (False, True):
            reply = httpx.post(path, json=ASK | {"stream": stream}, headers={"origin": PAGE})
            assert reply.status_code == 200
            assert reply.headers["access-control-allow-origin"] == PAGE
            assert "x-threegate-changed" in reply.headers["access-control-expose-headers"]
            assert "access-control-allow-credentials" not in reply.headers
        other = httpx.post(path, json=ASK, headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers


def test_without_the_setting_no_page_may_call(tmp_path: Path) -> None:
    with proxy(tmp_path) as running:
        asked = httpx.options(f"{running.url}/v1/chat/completions", headers=QUESTION)
        assert asked.status_code >= 400
        assert "access-control-allow-origin" not in asked.headers


@pytest.mark.parametrize("origin", ["app.example.com", "https://app.example.com/", "https://a/b"])
def test_an_origin_is_written_as_browsers_write_it(origin: str) -> None:
    with pytest.raises(SettingsError):
        load(given={"cors": [origin]}, environment={})
    assert load(given={"cors": [PAGE, "*"]}, environment={}).cors == (PAGE, "*")
