"""A rule for everybody but one team, made by somebody who knows no YAML, in a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.console.conftest import PASSWORD, Site, opened_site, policies
from tests.console.test_browser import quick_in
from tests.console.test_browser_hour import put_into_force, saved, submitted
from tests.e2e.support.running import proxy

if TYPE_CHECKING:
    from tests.console.browser import Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not os.environ.get("THREEGATE_TEST_CHROMIUM", ""), reason="THREEGATE_TEST_CHROMIUM is unset"
    ),
]
RULE, ID_CARD = "base.pii.id_card", "11010519491231002X"
TAB, SPACE, DOWN = "\ue004", " ", "\ue015"


@contextmanager
def two_teams(folder: Path, language: str) -> Iterator[tuple[Site, Browser, dict[str, str]]]:
    """With the API keys of the teams hr and retail, and an editor and an approver."""
    from tests.console.browser import browser

    root = policies(folder / "policies", "full")
    with (
        proxy(folder / "var", root, packs=("base",)) as running,
        browser(running.url + "/console", language) as page,
    ):
        site = opened_site(running)
        keys: Any = running.deps.authenticator
        secrets = {team: keys.add(team)[1] for team in ("hr", "retail")}
        site.who("editor", name="wang", group="privacy")
        site.who("approver", name="li", group="legal")
        page.log_in("wang", PASSWORD)
        yield site, page, secrets


def reaches_the_model(site: Site, secret: str) -> bool:
    answer = site.ask(f"我的身份证号是{ID_CARD}", authorization=f"Bearer {secret}")
    assert answer.status_code == 200, answer.text
    return ID_CARD in str(site.running.demo.received[-1].body)


def now(page: Browser) -> str:
    return page.one("#who-now").text


@pytest.mark.parametrize("language", quick_in("zh-CN"))
def test_a_rule_for_everybody_but_one_team(tmp_path: Path, language: str) -> None:
    zh = language == "zh-CN"
    with two_teams(tmp_path, language) as (site, page, secrets):
        assert not reaches_the_model(site, secrets["hr"])
        page.go(f"/policies/rule/{RULE}/form")
        assert not page.one(".for-but").is_displayed()
        page.driver.execute_script("document.querySelector('[name=who]:checked').focus()")
        page.keys(DOWN, DOWN)  # only some, everybody but some
        assert page.one("[name=who][value=but]").is_selected()
        page.keys(TAB, SPACE)
        assert page.one("[name='not_tenant.hr']").is_selected()
        page.until(lambda: "hr" in now(page))
        assert now(page) == (
            "现在：对所有人生效，但不对租户：hr。"
            if zh
            else "Now: the rule is for everybody, but not for tenants: hr."
        )
        saved(page)
        page.part_shot("#where", "callers-form")
        assert page.accessibility() == []
        page.go("/policies/draft")
        told = "排除的租户增加：hr" if zh else "excluded tenants added: hr"
        assert told in page.text
        assert ("变松" if zh else "looser") in page.text
        version = submitted(page, "HR")
        page.go(f"/policies/version/{version}")
        assert told in page.text
        page.shot("callers-version")
        put_into_force(page, site, version, RULE)
        assert reaches_the_model(site, secrets["hr"])
        assert not reaches_the_model(site, secrets["retail"])
        page.go(f"/policies/rule/{RULE}")
        assert ("所有人；排除的租户：hr" if zh else "everybody; excluded tenants: hr") in page.text
        assert page.complaints() == []


@pytest.mark.parametrize("language", quick_in("en-US"))
def test_a_misspelt_team_is_pointed_out_beside_the_choice(tmp_path: Path, language: str) -> None:
    with two_teams(tmp_path, language) as (_, page, _secrets):
        page.go(f"/policies/rule/{RULE}/form")
        page.one("[name=who][value=but]").click()
        page.one("textarea[name=not_tenant]").send_keys("humanresources")
        page.until(lambda: page.all("#callers .mistake"))
        assert "humanresources" in page.one("#callers .mistake").text
        page.one("[name=who][value=all]").click()
        page.until(lambda: not page.all("#callers .mistake"))
        saved(page)
        assert "not_tenant" not in page.yaml
        assert page.complaints() == []
