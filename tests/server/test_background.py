"""What a process notices once a second: another policy, a rule that leaves its band, an emergency."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from threegate.audit import AuditLog, AuditSettings, Query
from threegate.audit.errors import trouble
from threegate.audit.log.database import writer_engine
from threegate.audit.log.record import Stage
from threegate.errors import AuditError
from threegate.gateway.access.rule_trips import Bands
from threegate.gateway.notices import Notices
from threegate.gateway.telemetry.expiry import Ending
from threegate.gateway.telemetry.metrics import Metrics
from threegate.policy.kinds import KINDS
from threegate.policy.lifecycle.band_store import BandStore
from threegate.policy.lifecycle.commands import Activate, Approve, Event, Schedule, Submit
from threegate.policy.lifecycle.people import Person, Role
from threegate.policy.lifecycle.store import (
    FolderSource,
    PolicyStore,
    VersionSource,
    now_utc,
    today_utc,
)
from threegate.policy.lifecycle.versions import Versions
from threegate.server import background
from threegate.server.background import BackgroundWork

from tests.policy.lifecycle.test_store import put
from tests.policy.packs import GOOD, checked, spoiled
from tests.waiting import PATIENCE_S

BANDED = spoiled(("    review_by", "    band: {max: 20, calls: 20}\n    review_by"))

ANN, BOB = (Person(name, frozenset(Role), name) for name in ("ann", "bob"))


@asynccontextmanager
async def watched(root: Path, process: str = "one") -> AsyncIterator[BackgroundWork]:
    versions = Versions.open(writer_engine(f"sqlite:///{root / 'versions.sqlite3'}"))
    folder = FolderSource(root / "policies", ("shop",), today_utc, KINDS)
    policies = PolicyStore.of(VersionSource(versions, folder, now_utc), root / process)
    url = f"sqlite:///{root / process}.sqlite3"
    audit = await AuditLog.open(AuditSettings(url=url, directory=root / process))
    store = BandStore.open(versions.engine, process)
    yield BackgroundWork(policies, versions, audit, Metrics(), Notices(Bands()), store, 1.0)
    await audit.close()


async def told(watch: BackgroundWork) -> list[tuple[str, Any]]:
    page = await watch.audit.search(Query(stage=(Stage.POLICY,)))
    return [(e.event["detail"]["verb"], e.event["detail"]["object"]) for e in page.entries[::-1]]


def scheduled(watch: BackgroundWork, *, in_ms: int) -> str:
    """A version that Bob approved and has become active at a time from now."""
    digest, now = watch.versions.save(checked(BANDED), ("shop",), now_utc()), now_utc()
    due = (datetime.fromisoformat(now) + timedelta(milliseconds=in_ms)).isoformat()
    steps = ((Submit(digest, weaker=False), ANN), (Approve(digest), BOB))
    for command, by in (*steps, (Schedule(digest, due), BOB)):
        assert isinstance(watch.versions.act(command, by, now), Event)
    return digest


def acting(watch: BackgroundWork, calls: int) -> None:
    digest = watch.policies.pin().bindings[0].policy.digest
    for _ in range(calls):
        watch.notices.bands.tally.add(digest, [("pii.email", True)], watch.notices.bands.minute)


def shown(watch: BackgroundWork) -> float | None:
    labels = {"rule": "pii.email", "side": "above"}
    return watch.metrics.registry.get_sample_value("threegate_rule_out_of_band", labels)


async def test_what_waits_for_classifiers_is_a_figure(tmp_path: Path) -> None:
    put(tmp_path / "policies", GOOD)
    async with watched(tmp_path) as made:
        watch = replace(made, every_s=0.01, queued=lambda: {"guard": 7})
        running = asyncio.ensure_future(watch.run())
        labels = {"model": "guard"}
        gauge = watch.metrics.registry.get_sample_value
        while gauge("threegate_classifier_queued_tokens", labels) is None:
            await asyncio.sleep(0.01)
        while not gauge("threegate_tasks"):
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
        assert gauge("threegate_classifier_queued_tokens", labels) == 7


async def test_work_that_fails_is_logged_once_and_once_when_it_works_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    calls = 0

    def queued() -> dict[str, int]:
        nonlocal calls
        calls += 1
        return {} if calls > 3 else {}["a database that is away"]

    caplog.set_level(logging.INFO, "threegate.server.background")
    put(tmp_path / "policies", GOOD)
    async with watched(tmp_path) as made:
        running = asyncio.ensure_future(replace(made, every_s=0.01, queued=queued).run())
        while calls < 6:
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
    assert [r.getMessage() for r in caplog.records if "figures" in r.getMessage()] == [
        "background task figures failed: KeyError",
        "background task figures works again",
    ]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)


async def test_a_full_disk_is_a_figure_and_a_line_of_the_log_without_any_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "READINESS_S", 0.01)
    caplog.set_level(logging.INFO, "threegate.server.background")
    put(tmp_path / "policies", GOOD)
    async with watched(tmp_path) as watch:
        ready = partial(watch.metrics.registry.get_sample_value, "threegate_ready")
        running = asyncio.ensure_future(watch.run())
        await until(lambda: ready() == 1)
        with monkeypatch.context() as patch:
            full = SimpleNamespace(free=0)
            patch.setattr("threegate.audit.log.database.disk_usage", lambda _: full)
            await until(lambda: ready() == 0)
        await until(lambda: ready() == 1)
        running.cancel()
        await asyncio.wait([running])
    assert [r.getMessage() for r in caplog.records if "ready" in r.getMessage()] == [
        "not ready: the audit log cannot be written",
        "ready again: the audit log can be written",
    ]


async def test_a_look_at_readiness_that_fails_says_no_and_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "READINESS_S", 0.01)
    put(tmp_path / "policies", GOOD)

    def broken(path: object) -> None:
        raise RuntimeError

    async with watched(tmp_path) as watch:
        ready = partial(watch.metrics.registry.get_sample_value, "threegate_ready")
        running = asyncio.ensure_future(watch.run())
        await until(lambda: ready() == 1)
        with monkeypatch.context() as patch:
            patch.setattr("threegate.audit.log.database.disk_usage", broken)
            await until(lambda: ready() == 0)
        await until(lambda: ready() == 1)
        assert not running.done()
        running.cancel()
        await asyncio.wait([running])


async def test_another_policy_is_taken_up_and_recorded_once(tmp_path: Path) -> None:
    put(tmp_path / "policies", GOOD)
    async with watched(tmp_path) as watch:
        await watch.policy()
        first = watch.policies.pin().digest
        put(tmp_path / "policies", GOOD.replace("owner: privacy", "owner: dpo"))
        for _ in range(3):
            await watch.policy()
        second = watch.policies.pin().digest
        assert second != first
        assert await told(watch) == [("activated", second)]


@asynccontextmanager
async def no_record(watch: BackgroundWork) -> AsyncIterator[None]:
    """The audit log takes nothing, while the other tables can still be written (a full disk)."""

    async def refused(*args: object) -> None:
        raise trouble("closed")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(AuditLog, "append", refused)
        yield


async def test_no_rule_is_stopped_before_that_is_recorded(tmp_path: Path) -> None:
    put(tmp_path / "policies", BANDED)
    async with watched(tmp_path) as watch:
        acting(watch, 20)
        async with no_record(watch):
            with pytest.raises(AuditError):
                await watch.band()
            assert watch.store.left(watch.policies.pin()) == ()
        await watch.band()
        assert shown(watch) == 1
        assert await told(watch) == [("stopped", "pii.email")]


async def test_no_schedule_becomes_active_before_that_is_recorded(tmp_path: Path) -> None:
    put(tmp_path / "policies", GOOD)
    async with watched(tmp_path) as watch:
        digest = scheduled(watch, in_ms=1)
        watch.versions.state()  # a look sees what the one before has read
        await asyncio.sleep(0.01)
        async with no_record(watch):
            with pytest.raises(AuditError):
                await watch.policy()
            assert watch.versions.state().activations == ()
        await watch.policy()
        assert await told(watch) == [("activate", ""), ("activated", digest)]


async def test_no_file_becomes_active_before_that_is_recorded(tmp_path: Path) -> None:
    put(tmp_path / "policies", GOOD)
    async with watched(tmp_path) as watch:
        first = watch.policies.pin().digest
        put(tmp_path / "policies", GOOD.replace("owner: privacy", "owner: dpo"))
        await watch.policy()  # files count once two looks have seen the same
        async with no_record(watch):
            with pytest.raises(AuditError):
                await watch.policy()
            assert watch.policies.pin().digest == first
        await watch.policy()
        assert await told(watch) == [("activated", watch.policies.pin().digest)]
        assert watch.policies.pin().digest != first


async def test_errors_of_the_newest_policy_are_a_figure(tmp_path: Path) -> None:
    put(tmp_path / "policies", GOOD)
    async with watched(tmp_path) as watch:
        first = watch.policies.pin().digest
        put(tmp_path / "policies", GOOD.replace("pipl.51", "pipl.999"))
        for _ in range(2):
            await watch.policy()
        assert watch.policies.pin().digest == first
        assert watch.metrics.registry.get_sample_value("threegate_policy_errors") == 1


async def test_two_processes_stop_a_rule_together_and_a_new_version_lets_it_act(
    tmp_path: Path,
) -> None:
    put(tmp_path / "policies", BANDED)
    async with watched(tmp_path) as one, watched(tmp_path, "two") as two:
        acting(one, 10)
        acting(two, 10)
        await one.band()
        assert one.notices.bands.left == ()  # ten calls are too few to tell
        for watch in (two, one):
            await watch.band()
            policy = watch.policies.pin().bindings[0].policy
            assert watch.notices.bands.stopped(policy) == {"pii.email"}
            assert shown(watch) == 1
        assert await told(two) == [("stopped", "pii.email")]
        assert await told(one) == []
        put(tmp_path / "policies", BANDED.replace("calls: 20", "calls: 21"))
        for watch in (one, two):
            for _ in range(2):
                await watch.policy()
            await watch.band()
            assert watch.notices.bands.left == ()
            assert shown(watch) == 0


async def test_a_policy_that_becomes_active_once_more_starts_from_nothing(tmp_path: Path) -> None:
    put(tmp_path / "policies", BANDED)
    async with watched(tmp_path) as watch:
        acting(watch, 20)
        await watch.band()
        assert shown(watch) == 1
        for text in (GOOD, BANDED):
            put(tmp_path / "policies", text)
            for _ in range(2):
                await watch.policy()
            await watch.band()
        assert watch.notices.bands.left == ()
        assert shown(watch) == 0


async def test_an_emergency_is_noticed_and_its_end_too(tmp_path: Path) -> None:
    put(tmp_path / "policies", GOOD)
    async with watched(tmp_path) as watch:
        digest = watch.versions.save(checked(BANDED), ("shop",), now_utc())
        urgent = Activate(digest, emergency=True, reason="leak")
        for command, by in ((Submit(digest, weaker=False), ANN), (urgent, BOB)):
            assert isinstance(watch.versions.act(command, by, now_utc()), Event)
        await watch.policy()
        assert watch.notices.emergency is not None
        assert watch.notices.emergency.digest == digest
        gauge = watch.metrics.registry.get_sample_value
        assert gauge("threegate_policy_emergency") == 1
        assert watch.policies.pin().digest == digest


async def test_what_was_scheduled_becomes_active_at_its_time(tmp_path: Path) -> None:
    put(tmp_path / "policies", GOOD)
    async with watched(tmp_path) as watch, watched(tmp_path, "two") as other:
        digest = scheduled(watch, in_ms=300)
        await watch.policy()
        assert watch.policies.pin().digest != digest
        while watch.policies.pin().digest != digest or other.policies.pin().digest != digest:
            await asyncio.sleep(0.05)
            await watch.policy()
            await other.policy()
        activations = watch.versions.state().activations
        assert [(a.digest, a.by) for a in activations] == [(digest, "bob")]
        assert ("activate", "") in [*await told(watch), *await told(other)]


async def test_the_worker_that_came_second_does_not_say_that_it_is_dropped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    put(tmp_path / "policies", GOOD)
    async with watched(tmp_path) as first, watched(tmp_path, "two") as second:
        digest = scheduled(first, in_ms=1)
        for each in (first, second):
            each.versions.state()  # both see it before either acts
        await asyncio.sleep(0.01)
        await first.policy()
        await second.policy()
        assert [a.digest for a in first.versions.state().activations] == [digest]
        assert "dropped" not in caplog.text


async def test_files_are_reloaded_while_nobody_can_be_looked_up(tmp_path: Path) -> None:
    def away(name: str) -> Person:
        raise OSError("the accounts' database is away")

    put(tmp_path / "policies", GOOD)
    async with watched(tmp_path) as watch:
        digest = scheduled(watch, in_ms=1)
        watch.versions.person_of = away
        before = watch.policies.pin().digest
        assert watch.versions.state().versions[digest].due
        put(tmp_path / "policies", BANDED.replace("band: {max: 20", "band: {max: 30"))
        while watch.policies.pin().digest == before:
            await asyncio.sleep(0.01)
            with pytest.raises(OSError, match="away"):
                await watch.policy()
        assert watch.versions.state().versions[digest].due


async def test_a_schedule_that_the_rules_refuse_by_then_is_dropped(tmp_path: Path) -> None:
    put(tmp_path / "policies", GOOD)
    async with watched(tmp_path) as watch:
        first = watch.versions.save(checked(BANDED), ("shop",), now_utc())
        second = watch.versions.save(checked(GOOD), ("shop",), now_utc())
        for digest in (first, second):
            for command, by in ((Submit(digest, weaker=False), ANN), (Approve(digest), BOB)):
                assert isinstance(watch.versions.act(command, by, now_utc()), Event)
        now = datetime.now(UTC)
        due = (now + timedelta(milliseconds=200)).isoformat()
        assert isinstance(watch.versions.act(Schedule(first, due), BOB, now.isoformat()), Event)
        watch.versions.act(Activate(second), BOB, now_utc())  # the base of the first is gone
        while watch.versions.state().versions[first].due:
            await asyncio.sleep(0.05)
            await watch.policy()
        assert watch.policies.pin().digest == second
        assert ("unschedule", "") in await told(watch)
        found = await watch.audit.search(Query(stage=(Stage.POLICY,)))
        assert [r for e in found.entries if (r := e.event["detail"].get("refused"))] == ["moved"]
        dropped = watch.versions.events()[-1].command
        assert isinstance(dropped, Schedule)
        assert dropped.refused == "moved"


@pytest.mark.parametrize("roles", [frozenset[Role](), frozenset({Role.VIEWER})])
async def test_a_schedule_of_somebody_who_may_no_longer_activate_is_dropped(
    tmp_path: Path, roles: frozenset[Role]
) -> None:
    put(tmp_path / "policies", GOOD)
    async with watched(tmp_path) as watch:
        first = watch.policies.pin().digest
        digest = scheduled(watch, in_ms=1)
        watch.versions.person_of = {"bob": Person("bob", roles)}.get
        while watch.versions.state().versions[digest].due:
            await asyncio.sleep(0.05)
            await watch.policy()
        assert watch.policies.pin().digest == first
        assert watch.versions.state().activations == ()
        assert ("unschedule", "") in await told(watch)
        assert watch.versions.events()[-1].by == "proxy"  # Bob did not cancel it


async def test_what_ends_soon_is_a_figure_a_notice_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background, "ENDS_S", 0.01)
    put(tmp_path / "policies", GOOD)
    soon, later = (
        Ending(what, "bank-1", datetime.now(UTC) + timedelta(days=days))
        for what, days in (("api_key", 9), ("certificate", 20))
    )
    ends = [later, soon, Ending("api_key", "bank-2", datetime.now(UTC) + timedelta(days=90))]
    async with watched(tmp_path) as made:
        watch = replace(made, endings=lambda: tuple(ends))
        running = asyncio.ensure_future(watch.run())

        def figure(name: str) -> float | None:
            labels = {"what": "api_key", "name": name}
            named = "threegate_expiry_timestamp_seconds"
            return watch.metrics.registry.get_sample_value(named, labels)

        async with asyncio.timeout(PATIENCE_S):
            while figure("bank-1") is None:
                await asyncio.sleep(0.01)
            assert figure("bank-1") == soon.at.timestamp()
            assert watch.notices.ends == (soon, later)
            ends.remove(soon)
            while figure("bank-1") != math.inf:
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
    assert figure("bank-2") is None
    assert [r.message for r in caplog.records if " ends at " in r.message] == [
        f"api_key bank-1 ends at {soon.at.isoformat()}"
    ]
