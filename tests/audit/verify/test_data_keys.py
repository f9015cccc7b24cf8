"""A data key that is gone or was overwritten is a finding where the master key is at hand."""

from __future__ import annotations

import dataclasses
import sqlite3

import pytest
from threegate.audit import AuditSettings
from threegate.audit.verify.verifier import own_keys, verify_all

from tests.audit.conftest import filled


async def changed(settings: AuditSettings, sql: str) -> None:
    await (await filled(settings, 2)).close()
    with sqlite3.connect(settings.url.removeprefix("sqlite:///")) as connection:
        connection.execute(sql)
    connection.close()


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("UPDATE audit_key SET wrapped = randomblob(60)", "key_unreadable"),
        ("UPDATE audit_key SET day = '2020-01-01'", "key_unreadable"),
        ("DELETE FROM audit_key", "key_missing"),
    ],
)
async def test_what_was_done_to_keys_is_found(settings: AuditSettings, sql: str, code: str) -> None:
    await changed(settings, sql)
    report = verify_all(settings)
    assert report.keys_tried
    assert {p.code for p in report.problems} == {code}


async def test_without_the_master_key_only_the_proofs_are_checked(
    settings: AuditSettings,
) -> None:
    """As at an auditor's, and where a backup has its keys elsewhere."""
    await changed(settings, "DELETE FROM audit_key")
    keys = own_keys(settings)
    assert verify_all(settings, keys).ok
    (settings.directory / "keys" / "master.key").unlink()
    report = verify_all(settings)
    assert (report.ok, report.keys_tried) == (True, False)
    assert not (settings.directory / "keys" / "master.key").exists()
    away = dataclasses.replace(settings, master_key="env:NOT_SET")
    assert not verify_all(away).keys_tried
