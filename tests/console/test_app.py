from __future__ import annotations

import pytest
from threegate.console.app import templates

from tests.console.conftest import Site


def test_every_template_compiles() -> None:
    for name in templates().list_templates():
        templates().get_template(name)  # an error names the file


@pytest.mark.parametrize("address", ["", "/", "/console"])
def test_the_console_is_found_by_the_bare_address(site: Site, address: str) -> None:
    answer = site.visitor().get(site.running.url + address)
    assert answer.status_code in (303, 307)
    assert answer.headers["location"] == "/console/"


def test_a_forged_session_is_nobody(site: Site) -> None:
    site.who("admin")
    visitor = site.visitor()
    for cookie in ("x", "WyJyb290IiwwXQ.aaaa.bbbb", ""):
        visitor.cookies.set("threegate_session", cookie, domain="127.0.0.1", path="/console")
        assert visitor.get("/people").status_code == 303


def test_a_page_that_is_none_is_told_like_anything_else(site: Site) -> None:
    for visitor in (site.visitor(), site.who("viewer")):
        answer = visitor.get("/nowhere")
        assert answer.status_code == 404
        assert "there is no such page" in answer.text
        assert visitor.get("/nowhere.json").json()["status"] == 404
        assert visitor.delete("/policies").status_code == 405


def test_what_was_typed_survives_a_refusal(site: Site) -> None:
    """The page with the error had only a link to the start."""
    note = "why: the lawyers <b>said so</b>"
    answer = site.who("editor", name="typist").post("/policies/draft/submit", data={"note": note})
    assert answer.status_code == 409
    assert 'value="why: the lawyers &lt;b&gt;said so&lt;/b&gt;"' in answer.text
    assert '<form method="post">' in answer.text
    refused = site.visitor().post("/login", data={"name": "root", "password": "hunter2 hunter2"})
    assert "hunter2" not in refused.text
