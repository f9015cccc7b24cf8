"""The console's sections and their pages, as far as a visitor's roles allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from threegate.policy.lifecycle.people import Person, Role
from threegate.types import Bilingual

ANYONE = frozenset(Role)
REVIEWERS = frozenset({Role.REVIEWER})
EDITORS = frozenset({Role.EDITOR})
WRITERS = frozenset({Role.EDITOR, Role.APPROVER})
ADMINS = frozenset({Role.ADMIN})


@dataclass(frozen=True, slots=True)
class Link:
    """A page and those below its path; `also` are paths elsewhere that belong to it."""

    path: str
    title: Bilingual
    roles: frozenset[Role]
    also: tuple[str, ...] = ()

    def fit(self, here: str) -> int:
        """How much of the address this link accounts for; 0: nothing."""
        paths = (self.path, *self.also)
        return max((len(p) for p in paths if here == p or here.startswith(p + "/")), default=0)


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    title: Bilingual
    links: tuple[Link, ...]


OVERVIEW, PEOPLE = Bilingual("概览", "Overview"), Bilingual("人员", "People")
SECTIONS = (
    Section("home", OVERVIEW, (Link("/", OVERVIEW, ANYONE),)),
    Section(
        "audit",
        Bilingual("审计", "Audit"),
        (
            Link("/audit", Bilingual("搜索", "Search"), REVIEWERS),
            Link("/audit/queue", Bilingual("待审", "Queue"), REVIEWERS),
            Link("/audit/complaints", Bilingual("投诉", "Complaints"), REVIEWERS),
            Link("/audit/quality", Bilingual("准确率", "Quality"), REVIEWERS),
            Link("/audit/report", Bilingual("报告", "Report"), REVIEWERS),
            Link("/audit/person", Bilingual("个人记录", "Persons"), REVIEWERS | ADMINS),
        ),
    ),
    Section(
        "policies",
        Bilingual("策略", "Policies"),
        (
            Link("/policies", Bilingual("规则", "Rules"), ANYONE),
            Link("/policies/draft", Bilingual("草稿", "Draft"), EDITORS),
            Link("/policies/try", Bilingual("试一试", "Try it"), WRITERS),
            Link(
                "/policies/history",
                Bilingual("版本", "Versions"),
                ANYONE,
                also=("/policies/version", "/policies/compare"),
            ),
            Link("/policies/coverage", Bilingual("覆盖", "Coverage"), ANYONE),
        ),
    ),
    Section("people", PEOPLE, (Link("/people", PEOPLE, ADMINS),)),
)


def navigation(person: Person, here: str, language: str) -> dict[str, Any]:
    """`sections` with the first page that the visitor may see; `links` of the current section,
    empty if it has only one page."""
    mine = [(s, _reachable(s, person)) for s in SECTIONS]
    mine = [(section, links) for section, links in mine if links]
    every = [link for _, links in mine for link in links]
    current = max(every, key=lambda link: link.fit(here or "/"), default=None)
    current_path = current.path if current and current.fit(here or "/") else ""
    sections = [
        {
            "name": section.name,
            "title": section.title.get(language),
            "path": links[0].path,
            "current": any(link.path == current_path for link in links),
        }
        for section, links in mine
    ]
    siblings = next((links for _, links in mine if any(x.path == current_path for x in links)), ())
    shown = [_shown(link, current_path, language) for link in siblings]
    return {"sections": sections, "links": shown if len(shown) > 1 else []}


def page_of_form(route: str, values: Mapping[str, Any], pages: Iterable[str]) -> str:
    """The page that contains the form sent to `route`: the longest route in `pages` that is a
    prefix of it, with `values` filled in. Empty: the first page."""
    on = [page for page in pages if route == page or route.startswith(page + "/")]
    return max(on, key=len, default="").format_map(values)


def _reachable(section: Section, person: Person) -> tuple[Link, ...]:
    return tuple(link for link in section.links if link.roles & person.roles)


def _shown(link: Link, current: str, language: str) -> Mapping[str, Any]:
    title = link.title.get(language)
    return {"path": link.path, "title": title, "current": link.path == current}
