from __future__ import annotations

from threegate.audit import AuditLog, AuditSettings, Stage
from threegate.audit.log.database import now_us
from threegate.audit.report.report import DAY_US, Figures, gather
from threegate.types import Action

from tests.audit.conftest import decision, filled, record


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
    assert list(figures.days.values()) == [(4, 0)]
    await log.close()


async def test_what_the_input_layer_blocks_is_a_request_too(settings: AuditSettings) -> None:
    log = await filled(settings, 1)
    await log.append(record("stopped", Stage.BLOCKED))
    now = now_us()
    figures = await log.read(lambda c: gather(c, now - DAY_US, now + 1))
    assert (figures.requests, figures.unanswered) == (2, 0)
    assert list(figures.days.values()) == [(2, 1)]
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
