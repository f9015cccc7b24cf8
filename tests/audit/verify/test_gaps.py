"""Lost ends of chains that somebody took note of are no problem any more; all others are."""

from __future__ import annotations

import dataclasses
import sqlite3

import pytest
from threegate.audit import AuditLog, AuditSettings
from threegate.audit.export.backup import backup, restore
from threegate.audit.retention.lost_entries import acknowledge
from threegate.audit.verify.findings import MAX_PROBLEMS, VerifyReport
from threegate.audit.verify.gaps import Acknowledgement, gaps, settle

from tests.audit.conftest import check, filled, record

REASON = "the backup of 26 November was restored"


@pytest.fixture
async def older(settings: AuditSettings) -> AuditSettings:
    """The log after a restore from a copy: the last entries of its first writer are lost."""
    log = await filled(settings)
    made = restored(settings, "first.db")
    await log.append(record("lost"))
    await log.close()
    return made


def restored(settings: AuditSettings, name: str) -> AuditSettings:
    """The log as it is now, in another database."""
    copy = settings.directory / f"copy of {name}"
    backup(settings.url, copy)
    made = dataclasses.replace(settings, url=f"sqlite:///{settings.directory / name}")
    restore(made.url, copy)
    return made


def file_of(settings: AuditSettings) -> str:
    return settings.url.removeprefix("sqlite:///")


async def acknowledged(settings: AuditSettings) -> None:
    found = gaps(check(settings))
    log = await AuditLog.open(settings)
    await acknowledge(log, found, [*found], actor="li", reason=REASON)
    await log.close()


async def test_a_lost_end_is_a_problem_until_it_is_acknowledged(older: AuditSettings) -> None:
    ((writer, (first, last)),) = gaps(check(older)).items()
    assert (first, last) == (7, 8)
    await acknowledged(older)
    report = check(older)
    assert report.ok
    (known,) = report.acknowledged
    assert (known.problem.writer, known.problem.code) == (writer, "truncated")
    assert (known.actor, known.reason) == ("li", REASON)
    assert gaps(report) == {}


async def test_more_that_is_lost_is_a_new_problem(older: AuditSettings) -> None:
    (writer,) = gaps(check(older))
    await acknowledged(older)
    with sqlite3.connect(file_of(older)) as thief:
        for table in ("audit_record", "audit_content"):
            thief.execute(f"DELETE FROM {table} WHERE writer = ? AND seq = 6", (writer,))
    report = check(older)
    assert {p.code for p in report.problems} == {"truncated"}
    assert gaps(report) == {writer: (6, 8)}


async def test_an_end_lost_later_is_a_new_problem(older: AuditSettings) -> None:
    await acknowledged(older)
    again = restored(older, "second.db")
    await (await filled(older)).close()
    report = check(again)
    assert not report.ok
    assert len(report.acknowledged) == 1


async def test_it_counts_only_once_it_is_signed(older: AuditSettings) -> None:
    found = gaps(check(older))
    log = await AuditLog.open(dataclasses.replace(older, checkpoint_seconds=3600))
    await acknowledge(log, found, [*found], actor="li", reason=REASON)
    assert not check(older).ok
    await log.close()
    assert check(older).ok


async def test_holes_and_changes_cannot_be_acknowledged(settings: AuditSettings) -> None:
    await (await filled(settings)).close()
    with sqlite3.connect(file_of(settings)) as thief:
        thief.execute("DELETE FROM audit_record WHERE seq = 3")
        thief.execute("UPDATE audit_record SET tenant = 'other' WHERE seq = 2")
    report = check(settings)
    lost = {p.code for p in report.problems if p.gap is not None}
    assert {p.code for p in report.problems} > {"columns", "missing"}
    assert lost == {"truncated"}  # of the signed tree, to which the hole leads
    await acknowledged(settings)
    assert {p.code for p in check(settings).problems} >= {"columns", "missing"}


def test_a_list_that_is_full_may_lack_new_problems() -> None:
    report = VerifyReport()
    for _ in range(MAX_PROBLEMS):
        report.add("w", -1, "empty", (0, 0))
    settle(report, [Acknowledgement("w", 0, "", "li", REASON, {"w": [(0, 9)]})])
    assert len(report.problems) == MAX_PROBLEMS
