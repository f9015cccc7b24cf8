"""A compliance editor's hour in a real browser, in both languages, without a line of YAML: two new
rules with tests, a word list, a curated reply, shadow, rollout, a second person's approval, a live
call that shows it, and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.console.conftest import PASSWORD, Site, opened_site, policies
from tests.console.test_browser import LEAVING, digest_of, quick_in
from tests.e2e.support.running import proxy

if TYPE_CHECKING:
    from tests.console.browser import Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not os.environ.get("THREEGATE_TEST_CHROMIUM", ""), reason="THREEGATE_TEST_CHROMIUM is unset"
    ),
]
STAFF = "请查一下EMP-104233的年假还有几天"
HERON = "Summarise the status of Project Heron."
REPLY = "I cannot talk about this project."


@pytest.mark.parametrize("language", quick_in("zh-CN"))
def test_an_hour_without_yaml(tmp_path: Path, language: str) -> None:
    from tests.console.browser import browser

    root = policies(tmp_path / "policies", "full")
    with (
        proxy(tmp_path / "var", root, packs=("base", "cn-privacy")) as running,
        browser(running.url + "/console", language) as page,
    ):
        site = opened_site(running)
        site.who("admin")
        site.who("editor", name="wang", group="privacy")
        site.who("approver", name="li", group="legal")
        for text in (STAFF, HERON, STAFF):
            assert site.ask(text).status_code == 200

        page.log_in("wang", PASSWORD)
        _staff_numbers(page)
        _word_list_and_reply(page)
        _project_rule(page)
        first = submitted(page, "shadow for a week", "hour-draft")
        put_into_force(page, site, first, "own.rule", "hour-approve")
        assert said(site) != REPLY  # in shadow

        page.log_in("wang", PASSWORD)
        page.go("/policies/rule/own.rule/form")
        choose(page, "mode", "enforce")
        page.slide("[name=rollout]", to_end=True)
        saved(page)
        second = submitted(page, "now for everybody")
        put_into_force(page, site, second, "own.rule")
        assert said(site) == REPLY
        page.go("/policies/history")
        page.shot("hour-history")
        page.go(f"/policies/version/{first}")
        page.fill("form[action$='/rollback'] [name=reason]", "too many complaints")
        page.press("form[action$='/rollback'] button")
        page.until(lambda: digest_of(site) == first)
        assert said(site) != REPLY
        page.log_in("wang", PASSWORD)
        page.go("/policies/draft")  # the work of the second version is not lost
        assert "too many complaints" in page.text
        page.shot("hour-returned")
        assert page.complaints() == []


def said(site: Site) -> str:
    return str(site.ask(HERON).json()["choices"][0]["message"]["content"])


def saved(page: Browser) -> None:
    page.until(lambda: page.driver.execute_script(LEAVING) is False)
    page.until(lambda: page.all("#live"))


def choose(page: Browser, name: str, value: str) -> None:
    """A radio button, a box or a choice of a list, as a mouse would."""
    element = page.one(f"[name='{name}'] option[value='{value}'], [name='{name}'][value='{value}']")
    element.click()


def _passed(page: Browser) -> int:
    return len(page.all("#live .cases .pill.good"))


def _staff_numbers(page: Browser) -> None:
    page.go("/policies")
    page.press("h1 a.button")
    page.shot("hour-templates")
    page.press("button[value=employee_number]")
    page.fill("[name=title_zh]", "员工编号脱敏")
    page.one("[name=regex]").clear()
    page.fill("[name=like]", "EMP-104233")
    page.until(lambda: page.one("[name=regex]").get_attribute("value") == r"EMP-\d{6}")
    page.fill("[name=match]", STAFF + "\nWho is EMP-104233?")
    page.fill("[name=no_match]", "EMP是什么意思\nRoom EMP-12")
    saved(page)
    page.until(lambda: "Who is EMP-104233?" in page.one("#live").text and _passed(page) == 4)
    assert page.one("#live mark").text == "EMP-104233"
    page.shot("hour-form")
    page.fill("[name=no_match]", "EMP-000001")
    saved(page)
    page.until(lambda: page.all("#live .cases .pill.bad"))
    page.shot("hour-red")
    page.fill("[name=no_match]", "EMP是什么意思\nRoom EMP-12")
    saved(page)
    page.until(lambda: _passed(page) == 4)


def _word_list_and_reply(page: Browser) -> None:
    page.go("/policies/lists")
    page.fill("[name=name]", "projects")
    page.fill("[name=title_zh]", "保密项目名称")
    page.fill("[name=title_en]", "Names of confidential projects")
    page.fill("[name=words]", "海燕计划\nProject Heron")
    page.press("form[action$='/policies/lists'] button")
    page.shot("hour-list")
    page.go("/policies/answers")
    page.fill("[name=name]", "no-project-talk")
    page.press("form[action$='/policies/answers'] button")
    page.fill("[name=zh]", "我不能谈论这个项目。")
    page.fill("[name=en]", REPLY)
    page.press("form[action*='/policies/answer/'] button")
    page.shot("hour-answer")


def _project_rule(page: Browser) -> None:
    page.go("/policies/new")
    page.press("button[value='']")
    page.fill("[name=title_zh]", "不谈保密项目")
    page.fill("[name=title_en]", "No talk of confidential projects")
    page.fill("[data-filter='#why']", "owasp.llm02")
    page.tick("[name='why.owasp.llm02']")
    page.one("details:has(#kinds) summary").click()
    page.fill("[data-filter='#kinds']", "projects")
    page.tick("[name='kind.list.projects']")
    choose(page, "action", "answer")
    choose(page, "option_answer", "no-project-talk")
    page.fill("[name=message_zh]", "已使用固定回复。")
    page.fill("[name=message_en]", "A prepared reply was given.")
    page.fill("[name=match]", HERON + "\n总结海燕计划的进度")
    page.fill("[name=no_match]", "海燕是什么鸟\nWhat is a heron?")
    page.slide("[name=rollout]", to_end=False)
    saved(page)
    page.until(lambda: _passed(page) == 4 and not page.all("#live .s-error"))
    page.until(lambda: "5" in page.one("#rollout-shown").text)
    page.shot("hour-project")


def submitted(page: Browser, note: str, picture: str = "") -> str:
    page.go("/policies/draft")
    page.press("button[formaction*='draft/tests']")
    assert page.all("#tests .note.good")
    page.press("button[formaction*='draft/replay']")
    if picture:
        page.shot(picture)
    page.fill("[name=note]", note)
    page.press("#submit-draft")
    version = page.driver.current_url.partition("/version/")[2].partition("?")[0]
    assert len(version) == 64
    return version


def put_into_force(page: Browser, site: Site, version: str, rule: str, picture: str = "") -> None:
    page.log_in("li", PASSWORD)
    page.go(f"/policies/version/{version}")
    assert rule in page.one("#ran").text
    if picture:
        page.shot(picture)
    page.press("form[action$='/approve'] button")
    page.press("form[action$='/activate'] button")
    page.until(lambda: digest_of(site) == version)
