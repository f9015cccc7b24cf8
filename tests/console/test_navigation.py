from __future__ import annotations

import pytest
from threegate.console.navigation import SECTIONS, navigation, page_of_form
from threegate.console.routes import PAGES
from threegate.policy.lifecycle.people import Person, Role


def shown(here: str, *roles: Role) -> tuple[list[str], str, list[str]]:
    """Sections, the current one, and the marked link of it."""
    nav = navigation(Person("ann", frozenset(roles)), here, "en")
    current = [s["title"] for s in nav["sections"] if s["current"]]
    links = [link["title"] for link in nav["links"] if link["current"]]
    return [s["title"] for s in nav["sections"]], "".join(current), links


@pytest.mark.parametrize(
    ("here", "section", "link"),
    [
        ("/", "Overview", []),
        ("", "Overview", []),
        ("/audit", "Audit", ["Search"]),
        ("/audit/record/tg_1", "Audit", ["Search"]),
        ("/audit/queue/tg_1", "Audit", ["Queue"]),
        ("/policies/rule/x/form", "Policies", ["Rules"]),
        ("/policies/version/abc", "Policies", ["Versions"]),
        ("/people", "People", []),
        ("/auditors", "", []),
    ],
)
def test_where_one_is(here: str, section: str, link: list[str]) -> None:
    assert shown(here, *Role)[1:] == (section, link)


def test_roles_decide_what_is_there() -> None:
    assert shown("/", Role.VIEWER)[0] == ["Overview", "Policies"]
    assert shown("/audit/person", Role.ADMIN) == (
        ["Overview", "Audit", "Policies", "People"],
        "Audit",
        [],
    )


def test_every_link_is_a_page_that_its_roles_may_open() -> None:
    pages = {page.path or "/": page.roles for page in PAGES if page.method == "GET"}
    for section in SECTIONS:
        for link in section.links:
            roles = pages[link.path]
            assert roles is not None
            assert link.roles == roles, link.path


@pytest.mark.parametrize(
    ("route", "page"),
    [
        ("/policies/version/{digest}/activate", "/policies/version/abc"),
        ("/policies/try", "/policies/try"),
        ("/policies/draft/tests", "/policies/draft"),
        ("/audit/queue/take", "/audit/queue"),  # no request is called "take"
        ("/audit/complaints/{id}", "/audit/complaints"),
        ("/logout", ""),
    ],
)
def test_the_page_that_a_form_is_on(route: str, page: str) -> None:
    """Who lost a race to activate read that it was refused, with no way back but the start."""
    pages = [p.path for p in PAGES if p.method == "GET"]
    assert page_of_form(route, {"digest": "abc", "id": "7"}, pages) == page
