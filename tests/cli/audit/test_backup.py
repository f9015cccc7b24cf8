from __future__ import annotations

import asyncio
import dataclasses
import json
from dataclasses import replace
from pathlib import Path

import pytest
from threegate.audit import AuditSettings
from threegate.audit.export.backup import backup, restore
from threegate.audit.log.log_keys import load_master
from threegate.audit.retention import retention_job
from threegate.cli.main import main

from tests.audit.conftest import Captured, accesses, audit, filled


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
    assert await audit(closed_log, "upkeep", "--clock-is-right") == 2, "a person says so, and why"
    assert await audit(closed_log, "upkeep", "--clock-is-right", "--reason", "holidays") == 0


async def fill(settings: AuditSettings) -> None:
    await (await filled(settings)).close()


def test_what_is_needed_is_listed_and_the_old_key_goes(tmp_path: Path, capsys: Captured) -> None:
    var = tmp_path / "var"
    url, old = f"sqlite:///{var}/audit.sqlite3", var / "audit/keys/master.key"
    asyncio.run(fill(AuditSettings(url=url, directory=var / "audit")))
    new = tmp_path / "new.key"
    new.write_text("22" * 32)
    config = tmp_path / "threegate.yaml"

    def rewrap(settings: str, *args: str) -> tuple[int, str]:
        config.write_text(f"var: {var}\naudit_master_key: 'file:{new}'\n{settings}", "utf-8")
        code = main(["audit", "rewrap", "--config", str(config), "--lang", "en", *args])
        return code, capsys.readouterr().out

    changed = AuditSettings(
        master_key=f"file:{new}", old_master_keys=(f"file:{old}",), subject_key=f"file:{old}"
    )
    master = load_master(changed)
    code, said = rewrap("")
    assert (code, "1 data keys open with none of these" in said) == (1, True)
    subject = f"audit_subject_key: 'file:{old}'\n"
    both = f"audit_old_master_keys: ['file:{old}']\n{subject}"
    code, said = rewrap(both)
    assert code == 0
    assert f"master key {master.id}: 0 data keys\nold master key " in said
    assert f"key that finds persons: {master.subject_key_id}" in said
    code, said = rewrap(both, "--reason", "yearly")
    assert said.startswith(
        f"1 data keys wrapped anew\nmaster key {master.id}: 1 data keys\nkey that"
    )
    assert replace(master, old=(), subject_key=b"").subject_key_id == master.id
    code, said = rewrap(subject)
    assert (code, f"key that finds persons: {master.subject_key_id}" in said) == (0, True)


async def restored(settings: AuditSettings) -> AuditSettings:
    """A database with an older copy of the log."""
    copy = settings.directory / "copy.db"
    log = await filled(settings)
    backup(settings.url, copy)
    await log.close()
    made = replace(settings, url=f"sqlite:///{settings.directory}/restored.db")
    restore(made.url, copy)
    return made


async def test_a_known_loss_is_acknowledged(settings: AuditSettings, capsys: Captured) -> None:
    settings = await restored(settings)
    capsys.readouterr()
    assert await audit(settings, "verify") == 1
    assert "threegate audit acknowledge" in capsys.readouterr().out
    assert await audit(settings, "acknowledge") == 0
    listed = capsys.readouterr().out
    writer = listed.partition(":")[0]
    assert "are lost" in listed
    assert await audit(settings, "acknowledge", writer) == 2
    assert await audit(settings, "acknowledge", "nobody", "--reason", "x") == 2
    how = ("--reason", "copy of Monday", "--actor", "li")
    assert await audit(settings, "acknowledge", writer, *how) == 0
    assert (await accesses(settings))[0]["verb"] == "acknowledge"
    capsys.readouterr()
    assert await audit(settings, "verify") == 0
    out = capsys.readouterr().out
    assert "acknowledged by li at " in out
    assert "(copy of Monday)" in out
    assert "the log verifies; " in out
    assert await audit(settings, "verify", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["ok"]
    assert {a["reason"] for a in found["acknowledged"]} == {"copy of Monday"}
    assert await audit(settings, "acknowledge") == 0
    assert "nothing is lost" in capsys.readouterr().err
