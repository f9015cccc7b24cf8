"""The commands as a terminal user runs them, against a real log."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from threegate.audit import AuditLog, AuditSettings, Query, Stage
from threegate.cli import main

from tests.audit.conftest import REDACTED, SECRET, check, filled, record


@pytest.fixture
async def log(settings: AuditSettings) -> AuditSettings:
    """A closed log of three requests."""
    await (await filled(settings)).close()
    return settings


async def audit(settings: AuditSettings, *args: str) -> int:
    where = ("--database", settings.url, "--directory", str(settings.directory))
    return await asyncio.to_thread(main, ["audit", args[0], *where, *args[1:]])


Captured = pytest.CaptureFixture[str]


async def test_verify_says_what_holds(log: AuditSettings, capsys: Captured) -> None:
    assert await audit(log, "verify") == 0
    out = capsys.readouterr().out
    assert "8 entries, 8 integrated, 0 pending" in out
    assert "key beside the log" in out
    vkey = (log.directory / "log.vkey").read_text().strip()
    assert await audit(log, "verify", "--key", vkey, "--json") == 0
    assert json.loads(capsys.readouterr().out)["chains"][0]["integrated"] == 8


async def test_verify_fails_on_a_changed_log(log: AuditSettings, capsys: Captured) -> None:
    with sqlite3.connect(log.url.removeprefix("sqlite:///")) as thief:
        thief.execute("UPDATE audit_record SET tenant = 'other' WHERE seq = 2")
    thief.close()
    assert await audit(log, "verify") == 1
    out = capsys.readouterr().out
    assert "/2: columns:" in out
    assert "DOES NOT VERIFY: 1 problems" in out


async def test_verify_takes_checkpoints_kept_elsewhere(
    log: AuditSettings, tmp_path: Path, capsys: Captured
) -> None:
    kept = next((log.directory / "checkpoints").glob("*/checkpoint"))
    (tmp_path / "kept").write_text(kept.read_text().replace("\n8\n", "\n9\n"))
    assert await audit(log, "verify", "--checkpoint", str(tmp_path / "kept")) == 1
    assert "checkpoint_unsigned" in capsys.readouterr().out


async def test_show_and_search(log: AuditSettings, capsys: Captured) -> None:
    assert await audit(log, "show", "r1") == 0
    assert capsys.readouterr().out.count('"request": "r1"') == 2
    assert await audit(log, "show", "r1", "--json") == 0
    assert [
        json.loads(line)["event"]["request"] for line in capsys.readouterr().out.splitlines()
    ] == ["r1"] * 2
    assert await audit(log, "show", "none") == 1
    capsys.readouterr()
    assert await audit(log, "search", "贷款", "--stage", "completed", "--since", "2020-01-01") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all("completed block" in line and "pii.cn.id_card" in line for line in lines)
    assert await audit(log, "search", "--until", "2020-01-01T00:00:00Z") == 0
    assert capsys.readouterr().out == ""


async def test_text_is_shown_only_with_a_reason_that_is_recorded(
    log: AuditSettings, capsys: Captured
) -> None:
    assert await audit(log, "show", "r1", "--text") == 2
    assert REDACTED not in capsys.readouterr().out
    assert await audit(log, "show", "r1", "--text", "--reason", "case 9", "--actor", "li") == 0
    out = capsys.readouterr().out
    assert REDACTED in out
    assert SECRET not in out
    seen = await accesses(log)
    assert [(d["verb"], d["reason"], d["actor"]) for d in seen] == [("reveal", "case 9", "li")]


async def accesses(settings: AuditSettings) -> list[dict[str, str]]:
    reader = await AuditLog.open(settings)
    page = await reader.search(Query(stage=(Stage.ACCESS,)))
    await reader.close()
    return [dict(e.event["detail"]) for e in page.entries]


async def test_export_and_its_verification(
    log: AuditSettings, tmp_path: Path, capsys: Captured
) -> None:
    target = str(tmp_path / "out")
    assert await audit(log, "export", target, "--format", "csv", "--reason", "audit 2026") == 0
    assert await audit(log, "verify", "--export", target) == 0
    assert "the export verifies" in capsys.readouterr().out
    assert (await accesses(log))[0]["verb"] == "export"
    (tmp_path / "out" / "records.csv").write_text("")
    assert await audit(log, "verify", "--export", target, "--json") == 1


async def test_erase_asks_first(log: AuditSettings, capsys: Captured) -> None:
    who = ("--tenant", "retail", "--subject", "user-1", "--reason", "wish")
    assert await audit(log, "erase", *who) == 2
    assert await audit(log, "erase", *who, "--yes") == 0
    assert "2 records erased" in capsys.readouterr().out
    assert check(log).ok
    assert (
        await audit(
            log, "erase", "--tenant", "retail", "--day", "2026-01-01", "--reason", "x", "--yes"
        )
        == 0
    )
    assert "0 keys destroyed" in capsys.readouterr().out


async def test_holds_are_listed_added_and_released(log: AuditSettings, capsys: Captured) -> None:
    assert await audit(log, "hold", "--add", "request_id", "r1", "--reason", "case 4") == 0
    held = capsys.readouterr().out.split()
    assert held[1:3] == ["request_id", "r1"]
    assert await audit(log, "erase", "--request", "r1", "--reason", "wish", "--yes") == 0
    assert "0 records" in capsys.readouterr().out
    assert await audit(log, "hold", "--release", held[0], "--reason", "closed") == 0
    assert capsys.readouterr().out == ""


async def test_retention_below_half_a_year_is_refused(log: AuditSettings, capsys: Captured) -> None:
    assert await audit(log, "retain", "--metadata-days", "30") == 2
    assert "less than 184 days" in capsys.readouterr().err
    assert await audit(log, "retain") == 0
    assert "0 texts erased, 0 records pruned" in capsys.readouterr().out


async def test_a_report_is_counts_or_a_page(
    log: AuditSettings, tmp_path: Path, capsys: Captured
) -> None:
    assert await audit(log, "report") == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["requests"], figures["actions"]) == (3, {"block": 3})
    assert await audit(log, "report", "--html", str(tmp_path / "r.html"), "--language", "en") == 0
    assert "pii.cn.id_card" in (tmp_path / "r.html").read_text()


async def test_a_missing_database_is_said(settings: AuditSettings, capsys: Captured) -> None:
    for command in (("verify",), ("show", "r1"), ("search",), ("report",)):
        assert await audit(settings, *command) == 2
        assert "no audit database" in capsys.readouterr().err
    assert not Path(settings.url.removeprefix("sqlite:///")).exists()


async def test_tail_prints_what_is_new_until_interrupted(
    log: AuditSettings, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first pause brings a record, the second is interrupted."""
    writer = await AuditLog.open(log)
    loop, pauses = asyncio.get_running_loop(), iter(range(2))

    def pause(_seconds: float) -> None:
        if next(pauses):
            raise KeyboardInterrupt
        asyncio.run_coroutine_threadsafe(writer.append(record("fresh")), loop).result()

    monkeypatch.setattr("threegate.audit.commands_read.time.sleep", pause)
    assert await audit(log, "tail", "--stage", "received") == 0
    assert "fresh" in capsys.readouterr().out
    await writer.close()


def test_settings_of_the_proxy_are_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Captured
) -> None:
    monkeypatch.setenv("THREEGATE_VAR", str(tmp_path / "elsewhere"))
    monkeypatch.chdir(tmp_path)
    assert main(["audit", "verify"]) == 2
    assert "elsewhere/audit.sqlite3" in capsys.readouterr().err
