"""A change of the master key: what was stored before is read, found, erased and held as before, and
the old key is not needed once the data keys are wrapped anew."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import delete
from threegate.audit import AuditLog, AuditSettings, Query
from threegate.audit.export.backup import backup, restore
from threegate.audit.log.log_keys import load_master
from threegate.audit.log.query import Entry
from threegate.audit.log.schema import KEY
from threegate.audit.retention import rewrap as module
from threegate.audit.retention.erasure import Erasure, erase
from threegate.audit.retention.legal_holds import hold
from threegate.audit.retention.rewrap import UNREADABLE, by_master, check, rewrap
from threegate.errors import AuditError

from tests.audit.conftest import REDACTED, accesses, content, filled, record
from tests.audit.conftest import check as verified

KEYS = {"OLD": "11" * 32, "NEW": "22" * 32, "THIRD": "33" * 32}
WHY = {"actor": "li", "reason": "yearly"}

With = Callable[..., AuditSettings]


@pytest.fixture(params=["settings", "postgres_settings"])
def keyed(request: pytest.FixtureRequest) -> With:
    """The log's settings with these keys: the newest, then old ones."""
    base = request.getfixturevalue(request.param)

    def made(key: str, *old: str, subject: str = "") -> AuditSettings:
        named = {"master_key": f"env:{key}", "old_master_keys": tuple(f"env:{k}" for k in old)}
        subject = subject or "".join(old[-1:])
        named |= {"subject_key": f"env:{subject}" if subject else ""}
        return dataclasses.replace(base, environment=KEYS, **named)

    return made


async def texts(settings: AuditSettings) -> list[str]:
    """Of all calls, as far as they can be read."""
    log = await AuditLog.open(settings)
    try:
        entries = (await log.search(Query(limit=200))).entries
        return [await shown(log, e) for e in entries if e.has_content]
    finally:
        await log.close()


async def shown(log: AuditLog, entry: Entry) -> str:
    try:
        return (await log.content(entry))[0]["redacted"]
    except AuditError:
        return "?"


async def used(settings: AuditSettings) -> dict[str, int]:
    log = await AuditLog.open(settings)
    found = await log.read(partial(by_master, master=log.master))
    await log.close()
    return dict(found)


async def test_a_new_key_wraps_and_old_ones_open(keyed: With) -> None:
    await (await filled(keyed("OLD"))).close()
    changed = keyed("NEW", "OLD")
    log = await filled(changed)
    person = log.master.pseudonym("retail", "user-1")
    assert len((await log.search(Query(subject=person))).entries) == 4
    await log.close()
    assert await texts(changed) == [REDACTED] * 12
    assert sorted(await texts(keyed("NEW"))) == ["?"] * 6 + [REDACTED] * 6
    assert verified(changed).ok


async def test_after_wrapping_anew_the_old_key_can_go(keyed: With) -> None:
    await (await filled(keyed("OLD"))).close()
    log = await filled(keyed("NEW", "OLD"))
    assert await rewrap(log, **WHY) == 1
    assert await rewrap(log, **WHY) == 0
    await log.close()
    alone = keyed("NEW", subject="OLD")
    assert await texts(alone) == [REDACTED] * 12
    master = load_master(alone)
    assert await used(alone) == {master.id: 2}
    (noted,) = await accesses(alone)
    assert noted == {
        "verb": "rewrap",
        "keys": 1,
        "master": master.id,
        "subjects": master.subject_key_id,
        **WHY,
    }
    assert verified(alone).ok
    assert master.pseudonym("retail", "u") == load_master(keyed("OLD")).pseudonym("retail", "u")


async def test_holds_and_erasure_reach_a_person_across_the_change(keyed: With) -> None:
    log = await filled(keyed("OLD"))
    await hold(log, "subject", "user-2", tenant="retail", **WHY)
    await log.close()
    log = await filled(keyed("NEW", "OLD"))
    for user, reached, held in (("user-1", 4, 0), ("user-2", 0, 4)):
        done = await erase(log, Erasure(**WHY, tenant="retail", subject=user))
        assert (done.records, done.held) == (reached, held)
    await log.close()


async def test_what_ends_early_is_done_by_the_next_run(
    keyed: With, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 1)
    for _ in range(3):
        await (await filled(keyed("OLD"), 1)).close()
    log = await AuditLog.open(keyed("NEW", "OLD"))
    first = await log.read(partial(module._page, after=""))
    changes, _ = module._changes(log.master, first)
    await log.append_with(
        module._record(log.master, "li", "why", 1), partial(module._wrap, changes=changes)
    )
    await log.close()
    assert sorted((await used(keyed("NEW", "OLD"))).values()) == [1, 2]
    assert await texts(keyed("NEW", "OLD")) == [REDACTED] * 6
    log = await AuditLog.open(keyed("NEW", "OLD"))
    assert await rewrap(log, **WHY) == 2
    await log.close()
    assert await texts(keyed("NEW")) == [REDACTED] * 6


async def test_a_key_that_is_destroyed_meanwhile_stays_destroyed(keyed: With) -> None:
    await (await filled(keyed("OLD"))).close()
    log = await AuditLog.open(keyed("NEW", "OLD"))
    rows = await log.read(partial(module._page, after=""))
    changes, _ = module._changes(log.master, rows)
    await log.append_with(record("gone"), lambda c: c.execute(delete(KEY)))
    await log.append_with(record("late"), partial(module._wrap, changes=changes))
    assert await log.read(partial(by_master, master=log.master)) == {}
    await log.close()


async def test_a_worker_with_the_settings_before_goes_on(keyed: With) -> None:
    """While workers are replaced one by one, both write, and both verify; the old one cannot read
    what the new one stored."""
    old, new = await filled(keyed("OLD"), 1), await filled(keyed("NEW", "OLD"), 1)
    await rewrap(new, **WHY)
    await old.append(record("r9", subject="user-9"), content())
    await new.append(record("r9", subject="user-9"), content())
    person = old.master.pseudonym("retail", "user-9")
    assert len((await new.search(Query(subject=person))).entries) == 2
    assert person == new.master.pseudonym("retail", "user-9")
    await old.close()
    await new.close()
    assert await texts(keyed("NEW", "OLD")) == [REDACTED] * 6
    assert verified(keyed("NEW")).ok


async def test_a_copy_from_before_needs_the_old_key(keyed: With) -> None:
    before = keyed("OLD")
    await (await filled(before)).close()
    file = before.directory / "copy.db"
    backup(before.url, file)
    target = dataclasses.replace(keyed("NEW", "OLD"), url=f"sqlite:///{before.directory}/new.db")
    restore(target.url, file, master=load_master(target))
    assert await texts(target) == [REDACTED] * 6


async def test_keys_that_nothing_opens_are_counted_and_said(
    keyed: With, caplog: pytest.LogCaptureFixture
) -> None:
    await (await filled(keyed("OLD"))).close()
    log = await AuditLog.open(keyed("THIRD"))
    with caplog.at_level(logging.ERROR):
        await check(log)
    assert "1 of the newest data keys open with no master key" in caplog.text
    assert await rewrap(log, **WHY) == 0
    await log.close()
    assert (await used(keyed("THIRD")))[UNREADABLE] == 1


async def test_a_subject_key_that_was_forgotten_is_said(
    keyed: With, caplog: pytest.LogCaptureFixture
) -> None:
    log = await filled(keyed("OLD"))
    await log.close()
    log = await AuditLog.open(keyed("NEW", "OLD"))
    await rewrap(log, **WHY)
    await check(log)
    await log.close()
    assert caplog.text == ""
    log = await AuditLog.open(keyed("NEW"))
    await check(log)
    await log.close()
    assert "persons were stored under the key" in caplog.text
