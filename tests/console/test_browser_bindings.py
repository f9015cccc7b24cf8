"""A team gets a pack of its own, by keyboard and without YAML, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.test_browser import quick_in
from tests.console.test_browser_callers import SPACE, pytestmark, two_teams

__all__ = ["pytestmark"]


@pytest.mark.parametrize("language", quick_in("zh-CN"))
def test_a_team_gets_a_pack_of_its_own(tmp_path: Path, language: str) -> None:
    with two_teams(tmp_path, language) as (_, page, _secrets):
        page.go("/policies/bindings")
        page.press("button[value=add]")
        page.press("button[value=save]")
        assert page.one("[name='0.pack']").get_attribute("aria-invalid") == "true"
        page.narrow(390)
        page.one("[name='0.pack'] option[value=minors]").click()
        page.driver.execute_script("document.getElementsByName('0.tenants.hr')[0].focus()")
        page.keys(SPACE)
        page.until(lambda: "hr" in page.one("#effect table").text)
        page.until(lambda: "hr" in page.one("#entry-0-now").text)
        page.driver.execute_script("scrollTo(0, 0)")
        page.shot("bindings-390")
        assert page.driver.execute_script("return document.body.scrollWidth") <= 390
        page.narrow(1280)
        page.shot("bindings-1280")
        assert page.accessibility() == []
        page.press("button[value=save]")
        if "done=saved" not in page.driver.current_url:  # a warning is read first
            page.press("button[value=save]")
        assert "done=saved" in page.driver.current_url
        page.shot("bindings-saved")
        page.go("/policies/draft")
        assert "hr" in page.one("#callers").text
        page.shot("bindings-draft")
        page.go("/policies/rule/base.pii.email/form")
        page.part_shot("#callers", "bindings-rule")
        assert [each for each in page.complaints() if "(Unprocessable" not in each] == []
