from __future__ import annotations

from typing import cast

import httpx
import pytest
from threegate.console.app import Console, console_routes, templates
from threegate.console.deps import ConsoleDeps
from threegate.console.routes import ANYONE, OPEN, PAGES, Page
from threegate.policy.lifecycle.people import Role

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
    "{list}": "self_harm",
    "{answer}": "self-harm",
    "{base}": "products",
    "{document}": "prices.md",
    "{detector}": "staff",
    "{kind}": "pii.email",
}
OPEN_TO_ALL, ALL = "open", "viewer reviewer editor approver admin"
MATRIX = {
    "GET /login": OPEN_TO_ALL,
    "POST /login": OPEN_TO_ALL,
    "GET /login/sso": OPEN_TO_ALL,
    "GET /login/sso/callback": OPEN_TO_ALL,
    "GET /setup/{token}": OPEN_TO_ALL,
    "POST /setup/{token}": OPEN_TO_ALL,
    "GET /language/{to}": OPEN_TO_ALL,
    "GET /session": OPEN_TO_ALL,
    "POST /logout": ALL,
    "GET ": ALL,
    "GET /policies": ALL,
    "GET /policies/pack/{pack}": ALL,
    "GET /policies/rule/{rule}": ALL,
    "GET /policies/coverage": ALL,
    "GET /policies/history": ALL,
    "GET /policies/version/{digest}": ALL,
    "GET /policies/compare": ALL,
    "GET /policies/lists": "editor approver",
    "POST /policies/lists": "editor",
    "GET /policies/list/{pack}/{list}": "editor approver",
    "POST /policies/list/{pack}/{list}": "editor",
    "POST /policies/list/{pack}/{list}/table": "editor",
    "POST /policies/list/{pack}/{list}/remove": "editor",
    "POST /policies/list/{pack}/{list}/export": "editor approver",
    "GET /policies/answers": ALL,
    "POST /policies/answers": "editor",
    "POST /policies/answers/table": "editor",
    "POST /policies/answers/export": "editor approver",
    "GET /policies/answer/{answer}": ALL,
    "POST /policies/answer/{answer}": "editor",
    "GET /policies/knowledge": "editor approver",
    "POST /policies/knowledge": "editor",
    "POST /policies/knowledge/table": "editor",
    "POST /policies/knowledge/export": "editor approver",
    "GET /policies/knowledge/{pack}/{base}": "editor approver",
    "POST /policies/knowledge/{pack}/{base}": "editor",
    "GET /policies/knowledge/{pack}/{base}/{document}": "editor approver",
    "POST /policies/knowledge/{pack}/{base}/{document}": "editor",
    "POST /policies/knowledge/{pack}/{base}/{document}/remove": "editor",
    "GET /policies/detectors": ALL,
    "POST /policies/detectors": "editor",
    "POST /policies/detectors/table": "editor",
    "POST /policies/detectors/export": "editor approver",
    "GET /policies/detectors/{pack}/{detector}": ALL,
    "POST /policies/detectors/{pack}/{detector}": "editor",
    "POST /policies/detectors/{pack}/{detector}/remove": "editor",
    "POST /policies/detectors/{pack}/{detector}/try": "editor",
    "GET /policies/recognizer": ALL,
    "POST /policies/recognizer": "editor",
    "POST /policies/recognizer/try": "editor",
    "POST /policies/recognizer/remove": "editor",
    "GET /policies/detector/{kind}": ALL,
    "POST /policies/detector/{kind}": "editor",
    "GET /policies/messages": ALL,
    "POST /policies/messages": "editor",
    "POST /policies/kept": "editor",
    "POST /policies/label": "editor",
    "GET /policies/bindings": "editor",
    "POST /policies/bindings": "editor",
    "POST /policies/packs": "editor",
    "POST /policies/download": "editor approver",
    "GET /policies/upstreams": "editor approver",
    "GET /policies/upload": "editor approver",
    "POST /policies/upload": "editor",
    "GET /policies/new": "editor",
    "POST /policies/new": "editor",
    "GET /policies/rule/{rule}/form": "editor",
    "POST /policies/rule/{rule}/form": "editor",
    "POST /policies/rule/{rule}": "editor",
    "POST /policies/rule/{rule}/remove": "editor",
    "POST /policies/rule/{rule}/resume": "approver",
    "GET /policies/edit/{pack}": "editor",
    "POST /policies/edit/{pack}": "editor",
    "POST /policies/check/{pack}": "editor",
    "POST /policies/complete/{pack}": "editor",
    "GET /policies/draft": "editor",
    "POST /policies/draft/discard": "editor",
    "POST /policies/draft/tests": "editor",
    "GET /policies/draft/merge": "editor",
    "POST /policies/draft/merge": "editor",
    "POST /policies/draft/returned/{digest}": "editor",
    "POST /policies/version/{digest}/recall": "editor",
    "POST /policies/version/{digest}/store": "editor",
    "POST /policies/draft/replay": "editor",
    "POST /policies/draft/submit": "editor",
    "POST /policies/proposal/{id}": "editor",
    "GET /policies/try": "editor approver",
    "POST /policies/try": "editor approver",
    "POST /policies/version/{digest}/approve": "approver",
    "POST /policies/version/{digest}/withdraw": "approver",
    "POST /policies/version/{digest}/reject": "approver",
    "POST /policies/version/{digest}/comment": "editor approver",
    "POST /policies/version/{digest}/schedule": "approver",
    "POST /policies/version/{digest}/activate": "approver",
    "POST /policies/version/{digest}/rollback": "approver",
    "POST /policies/version/{digest}/end": "approver",
    "GET /audit": "reviewer",
    "POST /audit/queue/take": "reviewer",
    "GET /audit/complaints": "reviewer",
    "POST /audit/complaints": "reviewer",
    "POST /audit/complaints/{id}": "reviewer",
    "POST /audit/complaints/{id}/reopen": "reviewer",
    "POST /audit/views": "reviewer",
    "POST /audit/views/drop": "reviewer",
    "GET /audit/report/pdf": "reviewer",
    "GET /audit/record/{request}": "reviewer",
    "POST /audit/record/{request}/reveal": "reviewer",
    "POST /audit/record/{request}/label": "reviewer",
    "POST /audit/record/{request}/propose": "reviewer",
    "POST /audit/verify": "reviewer",
    "POST /audit/acknowledge": "reviewer",
    "POST /audit/export": "reviewer",
    "GET /audit/queue": "reviewer",
    "GET /audit/queue/{request}": "reviewer",
    "GET /audit/quality": "reviewer",
    "GET /audit/quality/{rule}": "reviewer editor",
    "POST /audit/quality/{rule}/lower": "reviewer editor",
    "GET /audit/report": "reviewer",
    "GET /audit/person": "reviewer admin",
    "POST /audit/person": "reviewer admin",
    "POST /audit/person/export": "admin",
    "POST /audit/person/hold": "admin",
    "POST /audit/person/release": "admin",
    "POST /audit/person/erase": "admin",
    "GET /people": "admin",
    "POST /people": "admin",
    "POST /people/{name}": "admin",
}
"""Who may what, written down a second time: a new or changed endpoint has to be entered here."""


def test_the_routes_are_the_pages_and_each_is_in_the_matrix() -> None:
    listed = {
        f"{p.method} {p.path}": OPEN_TO_ALL if p.roles is OPEN else {r.value for r in p.roles or ()}
        for p in PAGES
    }
    assert listed == {k: v if v == OPEN_TO_ALL else set(v.split()) for k, v in MATRIX.items()}
    routes = console_routes(Console(cast(ConsoleDeps, None), templates()))
    served = {
        f"{method} {route.path.removesuffix('.json')}"
        for route in routes
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == set(MATRIX) - {"GET "} | {"GET /", "GET /home"}


def path_of(page: Page) -> str:
    path = page.path or "/"
    for name, value in FILLED.items():
        path = path.replace(name, value)
    return path


def visit(client: httpx.Client, page: Page) -> httpx.Response:
    return client.request(page.method, path_of(page))


@pytest.mark.parametrize("role", Role)
def test_every_endpoint_for_every_role(site: Site, role: Role) -> None:
    """`/logout` last: it ends the session."""
    client = site.who(role.value, name=f"every-{role.value}")
    for page in sorted(PAGES, key=lambda page: page.path == "/logout"):
        answer = visit(client, page)
        allowed = page.roles is OPEN or role in (page.roles or ())
        assert answer.status_code != 401 or page.path == "/login", page.path
        assert (answer.status_code != 403) is allowed, (page.path, answer.text[-300:])
        assert answer.status_code < 500, page.path


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.path or "/")
def test_nobody_sees_anything_without_an_account(site: Site, page: Page) -> None:
    answer = visit(site.visitor(), page)
    if page.roles is OPEN:
        assert answer.status_code in (200, 303, 400, 401, 404, 429)
    elif page.method == "GET":
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/console/login?next=%2F")
    else:
        assert answer.status_code == 401


def test_pages_that_change_something_name_their_roles() -> None:
    free = [p.path for p in PAGES if p.method == "POST" and p.roles in (OPEN, ANYONE)]
    assert free == ["/login", "/setup/{token}", "/logout"]


def test_every_page_has_its_json_twin(site: Site) -> None:
    client = site.who(*(r.value for r in Role), name="root")
    for page in PAGES:
        if page.method == "GET" and "{" not in page.path and not page.path.startswith("/login"):
            answer = client.get((page.path or "/home") + ".json")
            assert answer.json()["ok"] is True, page.path


def test_errors_have_one_shape(site: Site) -> None:
    client = site.who("viewer")
    for path, status in (("/audit.json", 403), ("/policies/rule/none.json", 404)):
        body = client.get(path).json()
        assert set(body) == {"ok", "error", "status"}
        assert (body["ok"], body["status"]) == (False, status)
