from __future__ import annotations

import asyncio
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from threegate.audit import AuditLog, AuditSettings, Content, Part, Query, Stage
from threegate.console.views.replay import recorded

from tests.audit.conftest import another_database, record
from tests.console.conftest import Site

RULE = "/policies/rule/base.pii.email"
TODAY = datetime.now(UTC).date()


def _day(days: int) -> str:
    return str(TODAY + timedelta(days=days))


def _replayed(site: Site, **form: str) -> dict[str, Any]:
    editor = site.who("editor", name="replayer")
    editor.post(RULE, data={"mode": "shadow"})
    answer = editor.post("/policies/draft/replay.json", data={"limit": "500", **form})
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["replay"])


def test_a_replay_is_of_a_period_a_tenant_or_a_rule(site: Site) -> None:
    """It took the newest calls of everybody: last week's could not be replayed once there were
    newer ones."""
    every = _replayed(site)
    assert every["calls"] >= 4
    assert not any(every["chosen"].values())
    today = _replayed(site, since=_day(-1), until=_day(1))
    assert today["calls"] == every["calls"]
    assert today["chosen"]["since"] == _day(-1)
    assert _replayed(site, until=_day(-2))["calls"] == 0
    assert _replayed(site, since=_day(1), until=_day(2))["calls"] == 0
    assert _replayed(site, tenant="nobody")["calls"] == 0
    mailed = _replayed(site, rule="base.pii.email")
    assert 0 < mailed["calls"] < every["calls"]
    page = site.who("editor", name="replayer").get("/policies/draft").text
    assert "Only some calls were replayed" in page


@pytest.mark.parametrize("since", ["soon", "2026-13-01", str(date.max)])
def test_a_period_that_cannot_be(site: Site, since: str) -> None:
    editor = site.who("editor", name="replayer")
    editor.post(RULE, data={"mode": "shadow"})
    answer = editor.post("/policies/draft/replay.json", data={"limit": "9", "since": since})
    assert answer.status_code == 400


def test_what_the_limit_leaves_out_is_said(fresh_site: Site) -> None:
    """Records without a text, such as those of refused calls, count towards the limit."""
    assert fresh_site.ask("My email is ann@example.com").status_code == 200
    assert not _replayed(fresh_site, limit="500")["more"]
    for _ in range(2):
        assert httpx.post(fresh_site.running.url + "/v1/nothing", json={}).status_code == 404
    found = _replayed(fresh_site, limit="1")
    assert (found["calls"], found["more"]) == (0, True)
    page = fresh_site.who("editor", name="replayer").get("/policies/draft").text
    assert "there may be older ones" in page


def test_a_period_is_sampled_evenly(fresh_site: Site) -> None:
    """Of "last week" only the last hours were replayed, and the page said in green that no call
    would be treated differently."""
    asked = [f"My e-mail is ann{n}@example.com" for n in range(8)] + ["hello"] * 4
    for text in asked:
        assert fresh_site.ask(text).status_code == 200
    newest = _replayed(fresh_site, limit="2", rule="")
    assert (newest["counts"]["newly_passed"], newest["more"]) == (0, True)
    editor = fresh_site.who("editor", name="replayer")
    assert "note good" not in editor.get("/policies/draft").text.split('id="replay"')[1]
    found = _replayed(fresh_site, limit="2", since=_day(-1))
    assert (found["calls"], found["spread"], found["more"]) == (2, True, True)
    assert found["since"] < newest["since"]
    assert not _replayed(fresh_site, limit="500", since=_day(-1))["spread"]


async def _sampled(where: AuditSettings, stages: tuple[Stage, ...], number: int) -> list[int]:
    """Which of so many calls are taken as four, each with a record of every stage."""
    log = await AuditLog.open(where)
    text = Content((Part("messages/0/content:user", "a text"),))
    told = [record(f"r{n}", stage) for n in range(number) for stage in stages]
    await asyncio.gather(*(log.append(each, text) for each in told))
    calls = await recorded(log, Query(limit=4, since_us=1), spread=True)
    await log.close()
    return sorted({int(each.id[1:]) for each in calls.texts})


BOTH = (Stage.RECEIVED, Stage.COMPLETED)


@pytest.mark.parametrize(("stages", "number"), [(BOTH[1:], 23), (BOTH, 16), (BOTH, 10)])
async def test_a_sample_reaches_from_the_first_to_the_last_quarter(
    tmp_path: Path, stages: tuple[Stage, ...], number: int
) -> None:
    """Of 23 calls those after the fifteenth could not come in, of 16 with two records each the
    first eight."""
    url = f"sqlite:///{tmp_path}/audit.db"
    taken = await _sampled(AuditSettings(url=url, directory=tmp_path), stages, number)
    assert [n * 4 // number for n in taken] == [0, 1, 2, 3]


@pytest.mark.skipif("THREEGATE_TEST_POSTGRES" not in os.environ, reason="needs PostgreSQL")
async def test_postgres_samples_alike(tmp_path: Path) -> None:
    with another_database(os.environ["THREEGATE_TEST_POSTGRES"]) as url:
        taken = await _sampled(AuditSettings(url=url, directory=tmp_path), BOTH, 16)
    assert [n // 4 for n in taken] == [0, 1, 2, 3]


def test_days_are_told_with_the_zone_that_they_are_of(site: Site) -> None:
    editor = site.who("editor", name="replayer")
    editor.cookies.set("threegate_zone", "Asia/Shanghai", domain="127.0.0.1", path="/console")
    editor.post(RULE, data={"mode": "shadow"})
    editor.post("/policies/draft/replay.json", data={"limit": "500", "since": _day(-1)})
    page = site.who("editor", name="replayer").get("/policies/draft").text
    assert "Asia/Shanghai (UTC+08:00)" in page


def test_the_log_says_how_a_replay_was_limited(fresh_site: Site) -> None:
    _replayed(fresh_site, tenant="hr", since=_day(-1))
    reviewer = fresh_site.who("reviewer")
    rows = reviewer.get("/audit.json?stage=access").json()["rows"]
    details = [row["detail"] for row in rows if row["detail"].get("verb") == "replay"]
    assert [detail["terms"] for detail in details] == [["since", "tenant"]]
