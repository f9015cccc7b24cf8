"""Keys of a log: private, and every public one that has signed is published."""

from __future__ import annotations

import dataclasses
import errno
import os
import stat

import pytest
from threegate.audit import AuditLog, AuditSettings
from threegate.audit.log.log_keys import load_master
from threegate.errors import AuditError

from tests.audit.conftest import check, record


async def test_keys_are_private_and_the_public_one_is_beside_them(settings: AuditSettings) -> None:
    log = await AuditLog.open(settings)
    await log.close()
    for name in ("master.key", "signing.key"):
        mode = (settings.directory / "keys" / name).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600
    assert (settings.directory / "log.vkey").read_text().startswith(settings.origin + "+")


async def test_what_the_key_before_signed_still_verifies(settings: AuditSettings) -> None:
    for seed in ("1" * 64, "2" * 64):
        with_key = dataclasses.replace(settings, signing_key="env:K", environment={"K": seed})
        log = await AuditLog.open(with_key)
        await log.append(record())
        await log.close()
    assert check(settings).ok


async def test_a_key_that_cannot_be_added_leaves_those_before(
    settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file was gone between its old text and the new one; older checkpoints need its keys."""
    await (await AuditLog.open(settings)).close()
    keys = settings.directory / "log.vkey"
    before = keys.read_text()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "")

    other = dataclasses.replace(settings, signing_key="env:K", environment={"K": "2" * 64})
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AuditError, match="28"):
        await AuditLog.open(other)
    assert keys.read_text() == before


@pytest.mark.parametrize(("key", "old"), [("OLD", "NEW"), ("NEW", "OLD")])
def test_the_key_that_finds_persons_is_not_guessed_among_several(
    settings: AuditSettings, key: str, old: str
) -> None:
    """A replica that already opens what the next key wraps took that key for persons, too."""
    several = dataclasses.replace(
        settings,
        master_key=f"env:{key}",
        old_master_keys=(f"env:{old}",),
        environment={"OLD": "1" * 64, "NEW": "2" * 64},
    )
    with pytest.raises(AuditError, match="audit_subject_key"):
        load_master(several)
    named = dataclasses.replace(several, subject_key="env:OLD")
    before = dataclasses.replace(several, master_key="env:OLD", old_master_keys=())
    assert load_master(named).subject_key_id == load_master(before).subject_key_id
