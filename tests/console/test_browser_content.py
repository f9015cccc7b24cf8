"""What a policy is made of besides rules, in a real browser: knowledge, detectors, recognizers and
how the model is called."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.console.conftest import PASSWORD, Site, opened_site, policies
from tests.console.test_browser import DOWN, LEAVING, digest_of, first_version, quick_in
from tests.console.test_browser_hour import choose, put_into_force, saved, submitted
from tests.e2e.support.running import proxy

if TYPE_CHECKING:
    from tests.console.browser import Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not os.environ.get("THREEGATE_TEST_CHROMIUM", ""), reason="THREEGATE_TEST_CHROMIUM is unset"
    ),
]
STAFF_NO = "E10423"
TAB = "\ue004"
PRICES = "# 收费标准\n标准版每月收费十五元。\nThe standard plan costs 15 yuan a month.\n"


@contextmanager
def an_editor(folder: Path, language: str) -> Iterator[tuple[Site, Browser]]:
    from tests.console.browser import browser

    root = policies(folder / "policies", "full")
    with (
        proxy(folder / "var", root, packs=("base", "cn-privacy")) as running,
        browser(running.url + "/console", language) as page,
    ):
        site = opened_site(running)
        site.who("admin")
        site.who("editor", name="wang", group="privacy")
        page.log_in("wang", PASSWORD)
        yield site, page


CUT = """
  const shown = document.querySelector("[name=option_annotate]"), whole = shown.cloneNode(true);
  whole.style.width = "auto";
  document.querySelector("#action").append(whole);
  const missing = whole.offsetWidth - shown.offsetWidth;
  whole.remove();
  return missing;
"""
"""How many pixels of the longest choice do not fit into the field."""


@pytest.mark.parametrize("language", quick_in("zh-CN"))
def test_documents_for_the_fact_check(tmp_path: Path, language: str) -> None:
    with an_editor(tmp_path, language) as (_, page):
        page.go("/policies")
        page.press(".tabs a[href$='/policies/knowledge']")
        page.fill("[name=name]", "plans")
        gbk = tmp_path / "收费标准 2026.txt"  # as a Chinese desktop writes it
        gbk.write_bytes(PRICES.encode("gb18030"))
        page.one("form[action$='/policies/knowledge'] [type=file]").send_keys(str(gbk))
        text = "return document.querySelector('[name=text]').value"
        page.until(lambda: page.driver.execute_script(text) == PRICES)
        page.press("form[action$='/policies/knowledge'] button")
        assert "收费标准" in page.one("table.list").text
        title = "事实核查：与资料矛盾时注明" if language == "zh-CN" else "Fact check: note what"
        assert title in page.text
        page.shot("knowledge-base")
        page.go("/policies/knowledge")
        assert "plans" in page.one("table.list").text
        page.shot("knowledge")
        page.go("/policies/rule/base.out.grounded/form")
        page.one("[name='source.knowledge']").click()
        page.one("[name='source.knowledge/plans']").click()
        page.one("[name=on_contradicted] option[value=annotate]").click()
        assert page.driver.execute_script(CUT) <= 0
        page.one("[name=on_contradicted] option[value=block]").click()
        saved(page)
        page.until(lambda: "knowledge/plans" in page.driver.page_source.split('id="live"')[1])
        page.shot("fact-check-form")
        _test_with_sources(page)
        assert page.complaints() == []


def _test_with_sources(page: Browser) -> None:
    """By keyboard, in the first empty one. The second stays while somebody writes in it."""
    first, second = page.all("details.sample.new summary")
    first.send_keys("\n")
    second.send_keys("\n")
    first.send_keys("\n")
    assert second.is_displayed()
    first.send_keys("\n", TAB, TAB)
    page.keys(
        "The plan is free.", TAB, "The plan costs 15 yuan.\n\nNo discounts.", TAB, "Is it free?"
    )
    saved(page)
    written = "sources: ['The plan costs 15 yuan.', 'No discounts.']"
    page.until(lambda: written in page.yaml)
    page.driver.refresh()
    page.whole()
    (kept,) = (row for row in page.all("details.sample") if "The plan is free." in row.text)
    kept.find_element("css selector", "summary").send_keys("\n")
    fields = kept.find_elements("css selector", "textarea, input")
    assert [field.get_attribute("value") for field in fields] == [
        "The plan is free.", "The plan costs 15 yuan.\n\nNo discounts.", "Is it free?",
    ]  # fmt: skip
    page.part_shot("#tests", "fact-check-tests")


@pytest.mark.parametrize("language", quick_in("en-US"))
def test_a_word_list_from_files(tmp_path: Path, language: str) -> None:
    """Words of a UTF-16 file, and the bytes of a workbook, came in as garbage."""
    unicode, workbook = tmp_path / "words.txt", tmp_path / "words.xlsx"
    unicode.write_bytes("text\n海燕计划\n".encode("utf-16"))  # "Unicode text" of a spreadsheet
    workbook.write_bytes(b"PK\x03\x04\x14\x00\x00\x00words\n")
    with an_editor(tmp_path, language) as (_, page):
        page.go("/policies/lists")
        page.fill("[name=name]", "projects")
        page.fill("[name=words]", "Project Heron")
        page.press("form[action$='/policies/lists'] button")
        for file in (unicode, workbook):
            page.one("form[action$='/table'] [type=file]").send_keys(str(file))
            page.until(lambda: page.one("[name=csv]").get_attribute("value"))
            page.press("form[action$='/table'] button")
        assert ("CSV（UTF-8）" if language == "zh-CN" else "CSV (UTF-8)") in page.text
        page.go("/policies/list/own/projects")
        words = page.one("[name=words]").get_attribute("value")
        assert words == "Project Heron\n海燕计划"


@pytest.mark.parametrize("language", quick_in("en-US"))
def test_a_detector_of_ones_own_and_the_level_of_a_kind(tmp_path: Path, language: str) -> None:
    with an_editor(tmp_path, language) as (site, page):
        page.go("/policies/detectors")
        page.shot("detectors")
        page.fill("[name=name]", "ticket")
        page.press("form[action$='/policies/detectors'] button")
        page.fill("[name=like]", "TCK-1234")
        page.fill("[name=match]", "TCK-1234\nTCK-0001")
        page.fill("[name=no_match]", "TCK-1")
        page.press("form[action$='/policies/detectors/own/ticket'] button")
        assert len(page.all(".cases .pill.good")) == 3
        assert page.one(".cases mark").text == "TCK-1234"
        page.shot("detector")
        page.press("form[action$='/policies/new'] button")  # a rule for it
        assert page.driver.current_url.endswith("/form")
        page.until(lambda: "TCK" in page.one("[name=regex]").get_attribute("value"))

        page.go("/policies/detectors")
        page.fill("[data-filter='#kinds']", "pii.cn.mobile")
        page.until(lambda: len([r for r in page.all("#kinds tbody tr") if r.is_displayed()]) == 1)
        page.press("#kinds a[href$='/pii.cn.mobile']")
        assert page.all(".quotation mark")
        page.shot("kind")
        page.one("[name=level] option[value=high]").click()
        page.press("form:has([name=level]) button")
        changed = site.who("editor", name="wang").get("/policies/draft.json").json()["rules"]
        assert any("pii.cn.mobile" in str(rule) for rule in changed)
        assert page.complaints() == []


@pytest.mark.parametrize("language", quick_in("zh-CN"))
def test_a_recognizer_and_a_rule_on_calls(tmp_path: Path, language: str) -> None:
    """Each from its form; the recognizer up to a call that it masks, and back."""
    with an_editor(tmp_path, language) as (site, page):
        site.who("approver", name="li", group="legal")
        before = first_version(site)
        page.go("/policies/new")
        page.press("button[value=constraint]")
        page.fill("[name=title_zh]", "回答稳定一些")
        page.fill("[name=title_en]", "Steadier answers")
        page.fill("[data-filter='#why']", "owasp.llm02")
        page.tick("[name='why.owasp.llm02']")
        page.one("#constraints details:has(.bounds) summary").click()
        page.fill("[name='clamp.temperature.max']", "0.7")
        page.fill("[name=match]", "temperature = 2 → temperature = 0.7")
        page.fill("[name=no_match]", "temperature = 0.5")
        saved(page)
        page.until(lambda: len(page.all("#live .cases .pill.good")) == 2)
        page.until(lambda: not page.all("#live .s-error"))
        page.shot("constraint")

        page.go("/policies/detectors")
        page.press("a[href$='/policies/recognizer']")
        page.fill("[name=name]", "staff")
        page.fill("[name=entity]", "staff_no")
        page.fill("[name=like]", "E10423")
        page.fill("[name=context]", "工号\nstaff number")
        page.fill("[name=match]", "我的工号E10423\nE99812\nE998")
        page.fill("[name=no_match]", "E1 visa")
        regex = page.one("[name='pattern.0.regex']")
        page.until(lambda: regex.get_attribute("value") == r"E\d{5}")
        page.until(lambda: page.all("#tried .note.warn"))
        page.press("form[data-try] button")
        page.go("/policies/draft")  # saved, but it contradicts one of its examples
        assert not page.one("#submit-draft").is_enabled()
        page.press("ul.problems a[href$='/policies/detectors']")
        page.press("a[href*='/policies/recognizer?']")
        page.fill("[name=match]", "我的工号E10423\nE99812")
        page.until(lambda: page.all("#tried .pill.good") and not page.all("#tried .pill.bad"))
        assert [m.text for m in page.all("#tried mark")] == ["E10423", "E99812"]
        page.shot("recognizer")
        page.press("form[data-try] button")
        page.press("form[action$='/policies/new'] button")  # a rule for it
        page.until(lambda: page.all("[name='kind.pii.staff_no']:checked"))
        _masking_rule(page)
        version = submitted(page, "staff numbers")
        put_into_force(page, site, version, "own.staff_no")
        assert "own.calls" in page.text
        assert STAFF_NO in site.ask(f"我的工号{STAFF_NO}，还有几天年假？").text  # restored
        sent = site.running.demo.received[-1].body
        assert STAFF_NO not in str(sent["messages"])
        page.go(f"/policies/version/{before}")
        page.press("form[action$='/rollback'] button")
        page.until(lambda: digest_of(site) == before)
        site.ask(f"我的工号{STAFF_NO}")
        assert STAFF_NO in str(site.running.demo.received[-1].body["messages"])
        assert page.complaints() == []


def _masking_rule(page: Browser) -> None:
    page.fill("[name=title_zh]", "工号脱敏")
    page.fill("[name=title_en]", "Mask staff numbers")
    page.fill("[data-filter='#why']", "pipl.51")
    page.tick("[name='why.pipl.51']")
    choose(page, "action", "mask")
    choose(page, "mode", "enforce")
    page.fill("[name=match]", f"我的工号{STAFF_NO}\nMy staff number is {STAFF_NO}.")
    page.fill("[name=no_match]", "E1签证\nE1 visa")
    saved(page)
    page.until(lambda: len(page.all("#live .cases .pill.good")) == 4)


@pytest.mark.parametrize("language", quick_in("en-US"))
def test_a_form_by_keyboard_that_says_what_it_did_not_take(tmp_path: Path, language: str) -> None:
    """Two hundred boxes lay between the name and the tests of a rule; a number that was none left
    “Saved” on the page, and was lost."""
    with an_editor(tmp_path, language) as (_, page):
        page.go("/policies/new")
        page.press("button[value='']")
        page.one("#why").find_element("xpath", "..").find_element("css selector", "input").click()
        page.keys(TAB)
        first = focused(page)
        page.keys(DOWN, " ")
        assert focused(page) != first
        assert [b.get_attribute("name") for b in page.all("#why :checked")] == [focused(page)]
        page.keys(TAB)
        assert not focused(page).startswith("why.")

        page.go("/policies/new")
        page.press("button[value=constraint]")
        page.one("#constraints details:has(.bounds) summary").click()
        page.fill("[name='clamp.temperature.max']", "much")
        state = "return document.getElementById('state').className"
        page.until(lambda: "bad" in page.driver.execute_script(state))
        page.fill("[name='clamp.temperature.max']", "0.7")
        page.until(lambda: "bad" not in page.driver.execute_script(state))


def focused(page: Browser) -> str:
    return str(page.driver.execute_script("return document.activeElement.name || ''"))


def test_each_problem_stands_beside_its_field(tmp_path: Path) -> None:
    """They stood in the panel alone: nobody who hears the page learned which field was meant."""
    with an_editor(tmp_path, "zh-CN") as (_, page):
        page.go("/policies/new")
        page.press("button[value='']")
        page.until(lambda: page.all("[name=match] + .mistake"))
        match = page.one("[name=match]")
        assert match.get_attribute("aria-invalid") == "true"
        told = page.one("#" + (match.get_attribute("aria-describedby") or "none"))
        assert told.text == "规则没有“必须命中”的测试"
        page.one("#live [data-field=match] a").click()
        assert page.driver.switch_to.active_element == match
        match.send_keys("甲")
        saved(page)
        page.until(lambda: not page.all("[name=match] + .mistake.s-error"))
        assert page.one("#what .mistake").is_displayed()
        assert page.accessibility() == []

        page.go("/policies/draft")
        page.leave(page.one(".problems a[href$='#no_match']").click)
        assert page.driver.switch_to.active_element == page.one("[name=no_match]")

        page.driver.execute_script("document.querySelector('#what').scrollIntoView()")
        page.one("details:has([name=regex]) summary").click()
        choose(page, "check_digits", "luhn")
        assert page.one("#format-missing").is_displayed()
        page.fill("[name=regex]", r"\d{16}")
        assert not page.one("#format-missing").is_displayed()


NO_PAGES = """
window.anyFetch = window.fetch;
window.fetch = (url, more) => more?.method === "POST" ? window.anyFetch(url, more) : Promise.reject(new TypeError());
"""
"""Saving works, and pages get no answer."""


def test_a_panel_that_could_not_be_drawn_is_asked_for_again(tmp_path: Path) -> None:
    """The rule was saved, and the panel went on saying that it was being saved."""
    with an_editor(tmp_path, "en-US") as (_, page):
        page.go("/policies/rule/base.pii.email/form")
        page.driver.execute_script(NO_PAGES)
        page.fill("[name=title_zh]", "第二个名称")
        page.until(lambda: page.driver.execute_script(LEAVING) is False)
        assert "Saving" in page.one("#state").text
        page.driver.execute_script("window.fetch = window.anyFetch")
        page.until(lambda: "Saving" not in page.one("#state").text)
        assert "第二个名称" in page.yaml
