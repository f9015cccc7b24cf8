from __future__ import annotations

import pytest
from threegate.console.navigation import SECTIONS, navigation
from threegate.console.routes import PAGES
from threegate.policy.lifecycle.machine import Person, Role


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
