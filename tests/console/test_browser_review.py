"""A reviewer's hour in a real browser, in both languages: search, a record, the queue by keyboard,
a second reviewer, a complaint, the report, and a person erased."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.console.conftest import PASSWORD, Site, opened_site, policies
from tests.console.test_browser import ID_CARD, PACKS, TRAFFIC, quick_in
from tests.e2e.support.running import proxy

if TYPE_CHECKING:
    from tests.console.browser import Browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not os.environ.get("THREEGATE_TEST_CHROMIUM", ""), reason="THREEGATE_TEST_CHROMIUM is unset"
    ),
]
TWO_RULES = "我的护照号码是E12345678，邮箱 a.b@example.com，请帮我填表。"


@pytest.mark.parametrize("language", quick_in("en-US"))
def test_a_reviewers_hour(tmp_path: Path, language: str) -> None:
    from tests.console.browser import browser

    root = policies(tmp_path / "policies", "full")
    with (
        proxy(tmp_path / "var", root, packs=PACKS) as running,
        browser(running.url + "/console", language) as page,
    ):
        site = opened_site(running)
        site.who("reviewer", "admin", name="chen", group="audit")
        for text in (*TRAFFIC, TWO_RULES):
            assert site.ask(text).status_code == 200
        body = {"model": "deepseek-r1", "user": "u-4711"}
        body |= {"messages": [{"role": "user", "content": ID_CARD}]}
        assert httpx.post(running.url + "/v1/chat/completions", json=body).status_code == 200

        page.in_zone("Asia/Shanghai")
        page.log_in("chen", PASSWORD)
        assert "Asia/Shanghai (UTC+08:00)" in page.one("footer").text
        page.shot("home")
        _from_chart_to_records(page)
        _enlarged(page)
        _search_and_record(page)
        _queue_by_keyboard(page, site)
        _complaint(page)
        _report(page, site)
        _erase(page)
        assert page.complaints() == []


def press(page: Browser, key: str) -> None:
    """A key that leads to another page."""
    page.leave(lambda: page.keys(key))


def _from_chart_to_records(page: Browser) -> None:
    """A click on a bar shows its records, a selection a shorter period."""
    page.drag_chart(0.99, 0.99)
    assert len(page.all("a.row")) == 10
    page.drag_chart(0.3, 0.7)
    assert page.one("[name=since]").get_attribute("value")


def _enlarged(page: Browser) -> None:
    """At 200 % the filters, first by the Tab key, lay below all results, and the action of a rule
    outside the window."""
    page.narrow(680)
    page.go("/audit?days=1")
    filters, first = page.one("details.filters"), page.one("a.row")
    assert filters.location["y"] < first.location["y"]
    assert filters.get_attribute("open") is None
    page.leave(first.click)
    inside = "return [...document.querySelectorAll('.layer td')].every(d => d.getBoundingClientRect().right < 680)"
    assert page.driver.execute_script(inside)
    assert page.accessibility() == []
    page.narrow(1360)
    page.go("/audit?days=1")
    assert page.one("details.filters").get_attribute("open")


def _search_and_record(page: Browser) -> None:
    page.go("/audit?days=1")
    page.shot("audit")
    page.keys("/")
    page.keys("贷款进度")
    page.press("form.search button")
    assert len(page.all("tbody a.row")) == 2
    assert page.one("mark.f-searched").text == "贷款进度"
    page.press("a.row")
    assert "贷款进度" in page.text
    assert "11010519491231002X" not in page.text
    assert page.one("mark.f-pii").text.startswith("[ID_CARD_")
    page.shot("record")
    page.one("select[name=rule] option[value='base.pii.id_card']").click()
    page.press("button[value=no_match]")
    page.press("form[action$='/verify'] button")
    assert page.all(".note.good")
    page.go("/audit?action=mask&days=30")
    page.fill("form[action$='/audit/views'] [name=name]", "30d")
    page.press("form[action$='/audit/views'] button")
    assert "30d" in page.one("aside").text


def _queue_by_keyboard(page: Browser, site: Site) -> None:
    page.go("/audit/queue")
    page.shot("queue")
    press(page, "j")
    first = page.driver.current_url
    press(page, "j")
    press(page, "k")
    assert page.driver.current_url == first
    while "E-Mail" not in page.text and "[PASSPORT_" not in page.text:
        press(page, "j")
    page.shot("review-read")
    page.keys("r")
    page.keys("weekly review 2026-48")
    page.press("form[action$='/reveal'] button")
    assert "E12345678" in page.text
    page.shot("review-original")
    press(page, "1")  # the first rule of two
    assert page.all(".label-correct")
    press(page, "2")  # the second; then the next record
    assert "E12345678" not in page.text
    press(page, "r")  # no reason is asked for again
    assert page.one("details.card").get_attribute("open")
    left = int(page.one("title").get_attribute("text").partition("/")[2].split()[0])
    while page.all("[data-key='1']"):
        press(page, "3" if left % 2 else "4")
        left -= 1
    assert page.all("p.note.good")
    zhou = site.who("reviewer", name="zhou")
    assert zhou.get("/audit/queue.json").json()["waiting"] > 0  # for the second, blind
    page.go("/audit/quality")
    assert page.all("meter")
    page.shot("quality")


def _complaint(page: Browser) -> None:
    page.go("/audit")
    page.press("a.row")
    page.one("aside details:has(form[action$='/complaints']) summary").click()
    page.fill("textarea[name=text]", "用户来电：正常的问题被拦截。")
    page.press("form[action$='/complaints'] button")
    assert page.all(".outcome-open")
    page.go("/audit/complaints")
    page.shot("complaints")
    page.fill("[name=answer]", "规则已调整。")
    assert page.one("[name=outcome]").get_attribute("value") == "", "nobody upholds by not choosing"
    page.one("[name=outcome] option[value=upheld]").click()
    page.press("form[action*='/complaints/cpl_'] button")
    assert page.all(".outcome-upheld")


def _report(page: Browser, site: Site) -> None:
    page.go("/audit/report")
    page.shot("report")
    saved = page.one("#pdf").get_attribute("href") or ""
    answer = site.who("reviewer", name="chen").get(saved.partition("/console")[2])
    assert answer.content.startswith(b"%PDF")


def _erase(page: Browser) -> None:
    page.go("/audit/person")
    tenant = page.one("#tenants option").get_attribute("value") or ""
    page.fill("[name=tenant]", tenant)
    page.fill("[name=subject]", "u-4711")
    page.press("form.search button")
    page.fill("[name=reason]", "request of the person, 2026-77")
    page.shot("person")
    page.press("button[formaction$='/erase']")
    page.shot("person-erased")
    page.go("/audit/person")
    page.fill("[name=tenant]", tenant)
    page.fill("[name=subject]", "u-4711")
    page.press("form.search button")
    assert not page.all("dl")
