from __future__ import annotations

import httpx
import pytest
from threegate.console.pages import ANYONE, OPEN, PAGES, Page
from threegate.policy.lifecycle import Role

from tests.console.conftest import Site

FILLED = {
    "{pack}": "base",
    "{rule}": "base.pii.id_card",
    "{digest}": "0" * 64,
    "{request}": "tg_none",
    "{id}": "case_none",
    "{token}": "none",
    "{to}": "en",
    "{name}": "nobody-here",
}
CASES = [(page, role) for page in PAGES for role in Role]


def path_of(page: Page) -> str:
    path = page.path or "/"
    for name, value in FILLED.items():
        path = path.replace(name, value)
    return path


def visit(client: httpx.Client, page: Page) -> httpx.Response:
    return client.request(page.method, path_of(page))


@pytest.mark.parametrize(("page", "role"), CASES, ids=lambda v: getattr(v, "path", str(v)) or "/")
def test_every_endpoint_for_every_role(site: Site, page: Page, role: Role) -> None:
    if page.path == "/logout":
        client = site.who(role.value, name=f"leaves-{role.value}")
    else:
        client = site.who(role.value)
    answer = visit(client, page)
    allowed = page.roles is OPEN or role in (page.roles or ())
    assert answer.status_code != 401 or page.path == "/login"
    assert (answer.status_code != 403) is allowed, answer.text[-300:]
    assert answer.status_code < 500


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.path or "/")
def test_nobody_sees_anything_without_an_account(site: Site, page: Page) -> None:
    answer = visit(site.visitor(), page)
    if page.roles is OPEN:
        assert answer.status_code in (200, 303, 400, 401, 404, 429)
    elif page.method == "GET":
        assert answer.status_code == 303
        assert answer.headers["location"] == "/console/login"
    else:
        assert answer.status_code == 401


def test_pages_that_change_something_name_their_roles() -> None:
    free = [p.path for p in PAGES if p.method == "POST" and p.roles in (OPEN, ANYONE)]
    assert free == ["/login", "/setup/{token}", "/logout"]


def test_every_page_has_its_json_twin(site: Site) -> None:
    client = site.who(*(r.value for r in Role), name="root")
    for page in PAGES:
        if page.method == "GET" and "{" not in page.path and page.path != "/login":
            answer = client.get((page.path or "/home") + ".json")
            assert answer.json()["ok"] is True, page.path


def test_errors_have_one_shape(site: Site) -> None:
    client = site.who("viewer")
    for path, status in (("/audit.json", 403), ("/policies/rule/none.json", 404)):
        body = client.get(path).json()
        assert set(body) == {"ok", "error", "status"}
        assert (body["ok"], body["status"]) == (False, status)
