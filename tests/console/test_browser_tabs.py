"""The same account in two tabs of a real browser: nothing is overwritten unseen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.console.test_browser import pytestmark as marks
from tests.console.test_browser_content import an_editor, saved

if TYPE_CHECKING:
    from tests.console.browser import Browser

pytestmark = marks
TITLE = "[name=title_zh]"
SAVE = ".actions button:first-child"


def two_tabs(page: Browser, path: str) -> tuple[str, str]:
    """The page in two tabs; the browser is on the second."""
    page.go(path)
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    page.go(path)
    return first, page.driver.current_window_handle


def test_a_form_in_two_tabs_shows_both_titles(tmp_path: Path) -> None:
    """The last save won silently: whoever had forgotten the first tab lost what was typed in it."""
    with an_editor(tmp_path, "zh-CN") as (_, page):
        first, second = two_tabs(page, "/policies/rule/base.pii.email/form")
        page.fill(TITLE, "第二页的名称")
        saved(page)
        page.driver.switch_to.window(first)
        page.fill(TITLE, "第一页的名称")
        page.until(lambda: "另一个标签页" in page.one("#state").text)
        page.press(SAVE)
        assert page.one("h1").text == "草稿已改变"
        row = next(r for r in page.all("table.words tbody tr") if "第一页的名称" in r.text)
        assert "第二页的名称" in row.text
        assert page.accessibility() == []
        page.shot("conflict")
        page.press(".actions button")
        assert page.one(TITLE).get_attribute("value") == "第一页的名称"
        saved(page)
        page.driver.switch_to.window(second)
        page.fill(TITLE, "第三个名称")
        page.until(lambda: "另一个标签页" in page.one("#state").text)
        page.press(SAVE)
        page.press(".actions a.button")  # what the draft says stays
        assert page.one(TITLE).get_attribute("value") == "第一页的名称"


def test_typing_on_in_one_tab_is_no_conflict(tmp_path: Path) -> None:
    """Each save of a page goes on from the one before it, however fast they come."""
    with an_editor(tmp_path, "en-US") as (_, page):
        first, _ = two_tabs(page, "/policies/edit/base")
        page.in_code(".cm-content")[0].click()
        for line in ("# one\n", "# two\n", "# three\n"):
            page.keys(line)
            page.until(lambda: page.all("#verdict.good"))
        page.driver.switch_to.window(first)
        page.in_code(".cm-content")[0].click()
        page.keys("# late\n")
        page.until(lambda: "another tab" in page.one("#verdict").text)
        page.press(SAVE)
        assert "# three" in page.text
        assert "# late" in page.text
