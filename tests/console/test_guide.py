"""Help in place: each page of an editor finds its section, in both languages alike."""

from __future__ import annotations

import re

import pytest
from threegate.console.guide import section, sections
from threegate.console.routes import PAGES

from tests.console.conftest import Site

WRITING = sorted(
    {p.path.partition("/{")[0] for p in PAGES if p.method == "GET" and p.path[:9] == "/policies"}
)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", ["/", "/audit", "/people", *WRITING])
def test_every_page_has_its_section(page: str, language: str) -> None:
    found = section(page, language)
    assert found is not None, page
    assert found.html


def test_both_languages_name_the_same_pages() -> None:
    zh, en = ([s.pages for s in sections(language)] for language in ("zh", "en"))
    assert zh == en


def test_the_nearest_section_counts() -> None:
    titles = {
        page: section(page, "en").title  # type: ignore[union-attr]
        for page in ("/policies", "/policies/rule/base.pii.email/form", "/policies/draft/merge")
    }
    assert [t.split(".")[0] for t in titles.values()] == ["1", "3", "5"]
    assert section("/nowhere", "en") is None


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_a_section_says(language: str) -> None:
    found = section("/policies/draft", language)
    assert found is not None
    assert set(re.findall(r"<(\w+)", found.html)) == {"p", "strong", "em", "ol", "li"}
    text = re.sub(r"<[^>]*>", "", found.html)
    assert not any(mark in text for mark in ("](", "<!--", "img/", "*", "， ", "&lt;"))
    assert found.html.count("<ol>") == 1


def test_the_page_shows_it(site: Site) -> None:
    page = site.who("editor", name="helped").get("/policies/draft").text
    assert 'id="help"' in page
    assert "See what the change would do" in page
    assert 'id="help"' not in site.visitor().get("/login").text
