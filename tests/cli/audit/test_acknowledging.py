"""acknowledge as a terminal user runs it, and what verify says then."""

from __future__ import annotations

import json
from dataclasses import replace

from threegate.audit import AuditSettings
from threegate.audit.export.backup import backup, restore

from tests.audit.conftest import Captured, accesses, audit, filled


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
