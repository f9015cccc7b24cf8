from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path

import pytest
from threegate.audit import AuditLog, AuditSettings, Query
from threegate.audit.export.backup import backup, restore
from threegate.audit.log.log_keys import load_master
from threegate.audit.retention.erasure import Erasure, erase
from threegate.errors import AuditError

from tests.audit.conftest import REDACTED, SECRET, TEXT, check, content, filled, record


def elsewhere(settings: AuditSettings, name: str = "other.db") -> AuditSettings:
    return dataclasses.replace(settings, url=f"sqlite:///{settings.directory / name}")


async def searched(settings: AuditSettings, text: str) -> list[str]:
    log = await AuditLog.open(settings)
    page = await log.search(Query(text=text))
    texts = [part["redacted"] for e in page.entries for part in await log.content(e)]
    await log.close()
    return texts


async def test_a_copy_verifies_and_is_searched_again(settings: AuditSettings) -> None:
    log = await filled(settings)
    await log.close()
    file = settings.directory / "copy.db"
    counts = backup(settings.url, file)
    assert (counts["audit_record"], counts["audit_content"]) == (8, 6)
    copy = dataclasses.replace(settings, url=f"sqlite:///{file}")
    assert check(copy).ok
    assert SECRET.encode() not in file.read_bytes()
    assert "贷款".encode() not in file.read_bytes()  # no search words either
    target = elsewhere(settings)
    restore(target.url, file, master=load_master(settings))
    assert check(target).ok
    assert await searched(target, "贷款进度") == [REDACTED] * 6


async def test_a_copy_is_of_one_moment_while_records_are_written(settings: AuditSettings) -> None:
    log = await filled(settings)
    backup(settings.url, settings.directory / "copy.db")
    await log.append(record("later"), content())
    await log.close()
    copy = dataclasses.replace(settings, url=f"sqlite:///{settings.directory / 'copy.db'}")
    assert [p.code for p in check(copy).problems] == [
        "truncated"
    ]  # the closing checkpoint is newer


async def test_keys_of_their_own_make_erasure_reach_the_copies(settings: AuditSettings) -> None:
    await (await filled(settings)).close()
    file, keys = settings.directory / "copy.db", settings.directory / "keys.db"
    backup(settings.url, file, keys)
    with sqlite3.connect(file) as copy:
        assert copy.execute("SELECT count(*) FROM audit_key").fetchone() == (0,)
    master = load_master(settings)
    with_keys, without = elsewhere(settings, "with.db"), elsewhere(settings, "without.db")
    restore(without.url, file, None, master)
    assert check(without).ok  # the proofs do not need the texts
    assert await searched(without, "贷款进度") == []
    restore(with_keys.url, file, keys, master)
    assert await searched(with_keys, "贷款进度") == [REDACTED] * 6


async def test_what_was_erased_is_in_no_later_copy(settings: AuditSettings) -> None:
    log = await filled(settings)
    await erase(log, Erasure("dpo", "request", tenant="retail", subject="user-1"))
    await log.close()
    file = settings.directory / "copy.db"
    assert backup(settings.url, file)["audit_content"] == 4
    restore(elsewhere(settings).url, file, master=load_master(settings))
    assert check(elsewhere(settings)).ok
    assert len(await searched(elsewhere(settings), "贷款进度")) == 4


async def test_nothing_is_overwritten(settings: AuditSettings, tmp_path: Path) -> None:
    await (await filled(settings)).close()
    backup(settings.url, tmp_path / "copy.db")
    with pytest.raises(AuditError, match="exists"):
        backup(settings.url, tmp_path / "copy.db")
    with pytest.raises(AuditError, match="already contains a log"):
        restore(settings.url, tmp_path / "copy.db")
    with pytest.raises(AuditError, match="no file"):
        restore(elsewhere(settings).url, tmp_path / "none.db")


@pytest.mark.postgres
async def test_from_sqlite_to_postgres_and_back(
    settings: AuditSettings, postgres_settings: AuditSettings
) -> None:
    await (await filled(settings)).close()
    first, second = settings.directory / "first.db", settings.directory / "second.db"
    backup(settings.url, first)
    restore(postgres_settings.url, first, master=load_master(settings))
    assert check(postgres_settings).ok
    log = await AuditLog.open(postgres_settings)
    await log.append(record("later"), content())
    await log.close()
    assert len(await searched(postgres_settings, "贷款进度")) == 7
    backup(postgres_settings.url, second)
    restore(elsewhere(settings).url, second, master=load_master(settings))
    assert check(elsewhere(settings)).ok
    assert TEXT not in await searched(elsewhere(settings), "贷款进度")
    assert len(await searched(elsewhere(settings), "贷款进度")) == 7
