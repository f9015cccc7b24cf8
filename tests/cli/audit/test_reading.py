"""verify, show, search and tail as a terminal user runs them, against a real log."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from threegate.audit import AuditLog, AuditSettings
from threegate.audit.log.record import Record, Stage
from threegate.cli.main import main

from tests.audit.conftest import REDACTED, SECRET, Captured, accesses, audit, record


async def test_verify_says_what_holds(closed_log: AuditSettings, capsys: Captured) -> None:
    assert await audit(closed_log, "verify") == 0
    out = capsys.readouterr().out
    assert "8 entries, 8 integrated, 0 pending" in out
    assert "key next to the log" in out
    vkey = (closed_log.directory / "log.vkey").read_text().strip()
    assert await audit(closed_log, "verify", "--key", vkey, "--json") == 0
    assert json.loads(capsys.readouterr().out)["chains"][0]["integrated"] == 8


async def test_verify_fails_on_a_changed_log(closed_log: AuditSettings, capsys: Captured) -> None:
    with sqlite3.connect(closed_log.url.removeprefix("sqlite:///")) as thief:
        thief.execute("UPDATE audit_record SET tenant = 'other' WHERE seq = 2")
    thief.close()
    assert await audit(closed_log, "verify") == 1
    out = capsys.readouterr().out
    assert "/2: columns:" in out
    assert "DOES NOT VERIFY: 1 problems" in out


async def test_verify_takes_checkpoints_kept_elsewhere(
    closed_log: AuditSettings, tmp_path: Path, capsys: Captured
) -> None:
    kept = next((closed_log.directory / "checkpoints").glob("*/checkpoint"))
    (tmp_path / "kept").write_text(kept.read_text().replace("\n8\n", "\n9\n"))
    assert await audit(closed_log, "verify", "--checkpoint", str(tmp_path / "kept")) == 1
    assert "checkpoint_unsigned" in capsys.readouterr().out


async def test_show_and_search(closed_log: AuditSettings, capsys: Captured) -> None:
    assert await audit(closed_log, "show", "r1") == 0
    assert capsys.readouterr().out.count('"request": "r1"') == 2
    assert await audit(closed_log, "show", "r1", "--json") == 0
    assert [
        json.loads(line)["event"]["request"] for line in capsys.readouterr().out.splitlines()
    ] == ["r1"] * 2
    assert await audit(closed_log, "show", "none") == 1
    capsys.readouterr()
    assert (
        await audit(closed_log, "search", "贷款", "--stage", "completed", "--since", "2020-01-01")
        == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all("completed block" in line and "pii.cn.id_card" in line for line in lines)
    assert await audit(closed_log, "search", "--until", "2020-01-01T00:00:00Z") == 0
    assert capsys.readouterr().out == ""


async def test_text_is_shown_only_with_a_reason_that_is_recorded(
    closed_log: AuditSettings, capsys: Captured
) -> None:
    assert await audit(closed_log, "show", "r1", "--text") == 2
    assert REDACTED not in capsys.readouterr().out
    assert (
        await audit(closed_log, "show", "r1", "--text", "--reason", "case 9", "--actor", "li") == 0
    )
    out = capsys.readouterr().out
    assert REDACTED in out
    assert SECRET not in out
    seen = await accesses(closed_log)
    told = [(d["verb"], d["object"], d["reason"], d["actor"]) for d in seen]
    assert told == [("reveal", "r1", "case 9", "li")]
    assert await audit(closed_log, "search", "--stage", "access") == 0
    assert " li revealed originals r1 " in capsys.readouterr().out  # who did what


async def test_search_names_activities_in_the_chosen_language(
    closed_log: AuditSettings, capsys: Captured
) -> None:
    """Chinese lines said `access - reveal li`."""
    await audit(closed_log, "show", "r1", "--text", "--reason", "case 9", "--actor", "li")
    capsys.readouterr()
    where = ("--database", closed_log.url, "--directory", str(closed_log.directory))
    search = ("audit", "search", *where, "--stage", "access", "--lang", "zh")
    assert await asyncio.to_thread(main, search) == 0
    line = capsys.readouterr().out
    assert "查阅记录" in line
    assert "li 查看原文 r1" in line


async def test_search_names_the_code_of_an_error(
    closed_log: AuditSettings, capsys: Captured
) -> None:
    """The runbook on errors says so, and a line ended in the id of the request."""
    writer = await AuditLog.open(closed_log)
    detail = {"status": 502}
    await writer.append(Record(stage=Stage.ABORTED, error="upstream_key", detail=detail))
    await writer.close()
    assert await audit(closed_log, "search", "--stage", "aborted") == 0
    assert " upstream_key 502 " in capsys.readouterr().out


async def test_tail_prints_what_is_new_until_interrupted(
    closed_log: AuditSettings, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first pause brings a record, the second is interrupted."""
    writer = await AuditLog.open(closed_log)
    loop, pauses = asyncio.get_running_loop(), iter(range(2))

    def pause(_seconds: float) -> None:
        if next(pauses):
            raise KeyboardInterrupt
        asyncio.run_coroutine_threadsafe(writer.append(record("fresh")), loop).result()

    monkeypatch.setattr("threegate.cli.audit.reading.time.sleep", pause)
    assert await audit(closed_log, "tail", "--stage", "received") == 0
    assert "fresh" in capsys.readouterr().out
    await writer.close()


async def test_what_finds_nothing_says_so(closed_log: AuditSettings, capsys: Captured) -> None:
    assert await audit(closed_log, "search", "zebra") == 0
    assert "no matching record; text" in capsys.readouterr().err
    assert await audit(closed_log, "search", "--tenant", "nobody") == 0
    assert capsys.readouterr().err == "no matching record\n"


async def test_the_calls_of_a_person_by_times_with_a_zone(
    closed_log: AuditSettings, capsys: Captured
) -> None:
    """As a complaint names them: who, and when on the local clock."""
    who = ("search", "--subject", "user-1", "--since", "2020-01-01T08:00+08:00")
    assert await audit(closed_log, *who) == 2
    assert "--tenant" in capsys.readouterr().err
    assert await audit(closed_log, *who, "--tenant", record("x").caller.tenant, "--json") == 0
    found = capsys.readouterr().out.splitlines()
    assert {json.loads(one)["event"]["request"] for one in found} == {"r1"}
    assert await audit(closed_log, "search", "--key-id", "nobody") == 0
    assert capsys.readouterr().out == ""
