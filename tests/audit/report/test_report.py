from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from threegate.audit import AuditLog, AuditSettings, Stage
from threegate.audit.log.conditions import Query
from threegate.audit.log.database import now_us
from threegate.audit.log.query import find
from threegate.audit.log.record import DAY_US, ENDS
from threegate.audit.report.report import SLOT_US, Calls, Figures, gather
from threegate.audit.retention.erasure import Erasure, erase, retain
from threegate.audit.retention.legal_holds import hold
from threegate.audit.settings import Retention
from threegate.types import (
    Action,
    Channel,
    Decision,
    Finding,
    Layer,
    Level,
    Ruling,
    Span,
    TextLocation,
    Verdict,
)

from tests.audit.conftest import decision, filled, record


def checked(kind: str, action: Action) -> Decision:
    """What a fact check of an answer decided."""
    place = TextLocation(Layer.OUTPUT, Channel.CONTENT, choice=0)
    finding = Finding(kind, kind, Span(0, 4), 1.0, Level.HIGH, place)
    ruled = (Ruling("out.grounded", action, finding),)
    return Decision("d1", kind, Layer.OUTPUT, Verdict(action, ruled), "sha256:abc", {})


def by_day(figures: Figures) -> list[dict[str, int]]:
    return [{o.value: n for o, n in counts.items()} for counts in figures.days().values()]


async def test_each_request_counts_once(settings: AuditSettings) -> None:
    log = await filled(settings, 2)
    await log.append(record("open"))
    masked = (decision(Action.MASK),)
    await log.append(record("m", decisions=masked))
    await log.append(record("m", Stage.COMPLETED, decisions=masked))
    now = now_us()
    figures = await log.read(lambda c: gather(c, now - DAY_US, now + 1))
    assert (figures.requests, figures.unanswered) == (4, 1)
    assert figures.actions == {"block": 2, "mask": 1}
    assert figures.kinds == {"pii.cn.id_card": 3}
    assert figures.rules == {"pii.cn.id_card": 3}
    assert figures.shadow == {"out.hazard": 3}
    assert figures.failures == {"failed.timeout": 3}
    assert figures.languages == {"zh": 3}
    assert by_day(figures) == [
        {"passed": 0, "edited": 1, "stopped": 2, "unanswered": 1, "undecided": 0}
    ]
    await log.close()


async def test_a_request_counts_once_for_a_kind_and_once_for_a_rule(
    settings: AuditSettings,
) -> None:
    """Two rules found the same kind of thing, and one of them a second kind; searches count alike."""
    log = await AuditLog.open(settings)
    first = decision()
    ruled, _ = first.verdict.ruled
    passport = replace(ruled, finding=replace(ruled.finding, kind="pii.cn.passport"))
    hits = (ruled, passport, replace(ruled, rule_id="another"))
    twice = replace(first, verdict=Verdict(Action.BLOCK, hits))
    await log.append(record("r", Stage.BLOCKED, decisions=(twice,)))
    now = now_us()
    figures = await log.read(lambda c: gather(c, now - DAY_US, now + 1))
    facets = (await log.search(Query(facets=True))).facets
    kinds, rules = (
        {"pii.cn.id_card": 1, "pii.cn.passport": 1},
        {"another": 1, "pii.cn.id_card": 1},
    )
    assert (figures.kinds, figures.rules) == (kinds, rules)
    assert (facets["kind"], facets["rule"]) == (kinds, rules)
    await log.close()


async def test_what_the_input_layer_blocks_is_a_request_too(settings: AuditSettings) -> None:
    log = await filled(settings, 1)
    await log.append(record("stopped", Stage.BLOCKED))
    now = now_us()
    figures = await log.read(lambda c: gather(c, now - DAY_US, now + 1))
    assert (figures.requests, figures.unanswered) == (2, 0)
    assert [sum(counts.values()) for counts in by_day(figures)] == [2]
    await log.close()


async def test_what_is_refused_before_a_decision_is_not_allowed(settings: AuditSettings) -> None:
    log = await filled(settings, 1)
    await log.append(record("no-path", Stage.BLOCKED, decisions=(), error="unknown_path"))
    now = now_us()
    figures = await log.read(lambda c: gather(c, now - DAY_US, now + 1))
    assert figures.requests == 2
    assert figures.actions == {"block": 1, "undecided": 1}
    assert [(day["stopped"], day["passed"], day["undecided"]) for day in by_day(figures)] == [
        (1, 0, 1)
    ]
    await log.close()


async def test_outside_the_period_nothing_counts(settings: AuditSettings) -> None:
    log: AuditLog = await filled(settings, 2)
    assert await log.read(lambda c: gather(c, 0, 1)) == Figures(0, 1)
    other = await log.read(lambda c: gather(c, 0, now_us() + 1, "nobody"))
    assert other.requests == 0
    await log.close()


async def test_how_long_requests_took_by_day(settings: AuditSettings) -> None:
    log = await filled(settings, 1)
    for n in range(1, 101):
        ended = record(f"t{n}", Stage.COMPLETED, timings_ms={"total": float(n)})
        await log.append(ended)
    now = now_us()
    figures = await log.read(lambda c: gather(c, now - DAY_US, now + 1))
    assert list(figures.latency_ms.values()) == [(50.0, 95.0)]
    await log.close()


def test_a_day_is_that_of_the_zone() -> None:
    late = 20 * 3600 * 1_000_000  # 1970-01-01 20:00 UTC
    figures = Figures(0, DAY_US, (Calls(late, "completed", 0, 1), Calls(0, "blocked", 7, 1)))
    assert list(figures.days()) == ["1970-01-01"]
    assert list(figures.days(ZoneInfo("Asia/Shanghai"))) == ["1970-01-01", "1970-01-02"]


def test_every_sum_is_over_the_same_calls() -> None:
    calls = tuple(
        Calls(at * SLOT_US, stage.value, int(action), 1 + at)
        for at, (stage, action) in enumerate(
            itertools.product((Stage.RECEIVED, *ENDS), (*Action, -1))
        )
    )
    figures = Figures(0, DAY_US, calls)
    table = figures.table()
    days = sum(day["requests"] for day in table["days"])
    assert figures.requests == days == sum(figures.stages.values())
    assert sum(figures.actions.values()) + figures.unanswered == figures.requests
    stopped = figures.actions["block"] + figures.actions["answer"]
    assert sum(day["stopped"] for day in table["days"]) == stopped


async def test_claims_without_a_source_are_no_finding(settings: AuditSettings) -> None:
    """Nearly every answer states something that no source is there for: each call was a hit."""
    log = await filled(settings, 0)
    for kind, action in (("claim.no_source", Action.FLAG), ("claim.contradicted", Action.FLAG)):
        await log.append(record(kind, Stage.COMPLETED, decisions=(checked(kind, action),)))
    now = now_us()
    figures = await log.read(lambda c: gather(c, now - DAY_US, now + 1))
    assert figures.kinds == {"claim.contradicted": 1}
    assert figures.rules == {"out.grounded": 1}
    found = await log.read(lambda c: find(c, Query(rule="out.grounded", facets=True)))
    assert [e.request_id for e in found.entries] == ["claim.contradicted"]
    both = await log.read(lambda c: find(c, Query(kind="claim.no_source")))
    assert [e.request_id for e in both.entries] == ["claim.no_source"]
    await log.close()


async def equal_counts(log: AuditLog) -> int:
    """A search counts by value, by time and by rule what the report counts."""
    query = Query(stage=ENDS, until_us=now_us() + 1, facets=True, step_us=SLOT_US)
    page = await log.search(query)
    figures = await log.read(lambda c: gather(c, 0, query.until_us))
    assert page.facets["action"] == figures.actions
    assert page.facets["language"] == figures.languages
    assert page.facets["rule"] == Counter(figures.rules) + Counter(figures.shadow)
    calls = Counter[tuple[int, str, int]]()
    for call in figures.calls:
        calls[call.at, call.stage, call.action] += call.number
    assert page.slots == calls
    return figures.requests


async def counts_agree(settings: AuditSettings) -> None:
    log = await filled(settings, 4)
    await log.append(record("flagged", Stage.COMPLETED, decisions=(decision(Action.FLAG),)))
    await hold(log, "request_id", "r3", actor="counsel", reason="case 4")
    assert await equal_counts(log) == 5
    wanted = Erasure("dpo", "wish", tenant="retail", subject="user-0")
    assert (await erase(log, wanted)).records == 2
    assert await equal_counts(log) == 5
    await retain(log, Retention(), at_us=now_us() + 400 * DAY_US)
    assert await equal_counts(log) == 1  # the one that the hold names
    await log.close()


async def test_counts_agree_after_erasing_and_under_a_hold(settings: AuditSettings) -> None:
    await counts_agree(settings)


@pytest.mark.postgres
async def test_counts_agree_on_postgres(postgres_settings: AuditSettings) -> None:
    await counts_agree(postgres_settings)
