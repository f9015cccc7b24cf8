from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from threegate.audit import AuditSettings
from threegate.audit.retention import retention_job

from tests.audit.conftest import Captured, accesses, audit


async def test_backup_and_restore_are_recorded(
    closed_log: AuditSettings, tmp_path: Path, capsys: Captured
) -> None:
    file = str(tmp_path / "copy.db")
    assert await audit(closed_log, "backup", file, "--reason", "nightly") == 0
    assert await audit(closed_log, "backup", file, "--reason", "nightly") == 2  # never overwritten
    assert "6 texts" in capsys.readouterr().out
    assert [a["verb"] for a in await accesses(closed_log)] == ["backup", "backup"]
    other = dataclasses.replace(
        closed_log, url=f"sqlite:///{tmp_path}/other.db", directory=tmp_path / "other"
    )
    for name in ("keys", "log.vkey"):
        source, target = closed_log.directory / name, other.directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            target.mkdir()
            for key in source.iterdir():
                (target / key.name).write_bytes(key.read_bytes())
        else:
            target.write_bytes(source.read_bytes())
    assert await audit(other, "restore", file, "--reason", "new machine") == 0
    assert "the log verifies" in capsys.readouterr().out
    assert {a["verb"] for a in await accesses(other)} == {"backup", "restore"}
    assert await audit(other, "restore", file, "--reason", "again") == 2


async def test_an_old_copy_does_not_pass_for_the_whole_log(
    closed_log: AuditSettings, tmp_path: Path, capsys: Captured
) -> None:
    file = str(tmp_path / "copy.db")
    assert await audit(closed_log, "backup", file, "--reason", "nightly") == 0
    assert await audit(closed_log, "upkeep") == 0
    other = dataclasses.replace(closed_log, url=f"sqlite:///{tmp_path}/other.db")
    assert await audit(other, "restore", file, "--reason", "after a fire") == 1
    assert "DOES NOT VERIFY" in capsys.readouterr().out  # the checkpoints know of a later writer


async def test_upkeep_by_hand(closed_log: AuditSettings, capsys: Captured) -> None:
    assert await audit(closed_log, "upkeep") == 0
    assert "0 texts erased" in capsys.readouterr().out
    assert await audit(closed_log, "upkeep") == 0
    assert "is done" in capsys.readouterr().out


async def test_upkeep_by_a_clock_that_leapt_is_asked_for(
    closed_log: AuditSettings, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await audit(closed_log, "upkeep") == 0
    monkeypatch.setattr(retention_job, "today", lambda: "2099-01-01")
    assert await audit(closed_log, "upkeep") == 1
    assert "nothing was erased" in capsys.readouterr().out
    assert await audit(closed_log, "upkeep", "--clock-is-right") == 0
