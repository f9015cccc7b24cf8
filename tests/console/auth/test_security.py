from __future__ import annotations

import re

import pytest
from threegate.console.auth.security import HEADERS
from threegate.policy.lifecycle.people import Role

from tests.console.conftest import Site

PAGES = ("/login", "/", "/audit", "/audit/queue", "/policies", "/policies/edit/base", "/people")


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
    ],
)
def test_a_change_from_elsewhere_is_refused(site: Site, headers: dict[str, str]) -> None:
    client = site.who("editor")
    del client.headers["sec-fetch-site"]
    answer = client.post("/policies/draft/discard", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["ok"] is False


def test_a_change_from_our_own_pages_is_taken(site: Site) -> None:
    client = site.who("editor")
    del client.headers["sec-fetch-site"]
    answer = client.post("/policies/draft/discard", headers={"origin": site.running.url})
    assert answer.status_code == 303


@pytest.mark.parametrize("path", [*PAGES, "/static/console.css", "/nothing", "/audit.json"])
def test_every_answer_carries_the_headers(site: Site, path: str) -> None:
    answer = site.who(*(r.value for r in Role), name="root").get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "unsafe" not in answer.headers["content-security-policy"]


@pytest.mark.parametrize("path", PAGES)
def test_pages_need_no_inline_script_or_style(site: Site, path: str) -> None:
    html = site.who(*(r.value for r in Role), name="root").get(path).text
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert not re.search(r"(src|href)=\"https?:", html)


def test_the_session_cookie_is_strict(site: Site) -> None:
    site.who("viewer")
    form = {"name": "user-viewer", "password": "a long enough passphrase"}
    cookie = site.visitor().post("/login", data=form).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/console" in cookie


def test_behind_tls_the_cookie_is_secure(site: Site) -> None:
    site.who("viewer")
    form = {"name": "user-viewer", "password": "a long enough passphrase"}
    answer = site.visitor().post("/login", data=form, headers={"origin": "https://console.example"})
    assert "Secure" in answer.headers["set-cookie"]
