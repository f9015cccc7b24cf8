"""export, erase, hold, retain and report as a terminal user runs them, against a real log."""

from __future__ import annotations

import json
from pathlib import Path

from threegate.audit import AuditSettings, Query, Stage
from threegate.audit.log.query import find
from threegate.cli.audit.common import reading

from tests.audit.conftest import Captured, accesses, audit, check


async def test_export_and_its_verification(
    closed_log: AuditSettings, tmp_path: Path, capsys: Captured
) -> None:
    target = str(tmp_path / "out")
    assert (
        await audit(closed_log, "export", target, "--format", "csv", "--reason", "audit 2026") == 0
    )
    assert await audit(closed_log, "verify", "--export", target) == 0
    assert "the export verifies" in capsys.readouterr().out
    assert (await accesses(closed_log))[0]["verb"] == "export"
    (tmp_path / "out" / "records.csv").write_text("")
    assert await audit(closed_log, "verify", "--export", target, "--json") == 1


async def test_erase_asks_first(closed_log: AuditSettings, capsys: Captured) -> None:
    who = ("--tenant", "retail", "--subject", "user-1", "--reason", "wish")
    assert await audit(closed_log, "erase", *who) == 2
    assert await audit(closed_log, "erase", *who, "--yes") == 0
    assert "2 records erased" in capsys.readouterr().out
    assert check(closed_log).ok
    assert (
        await audit(
            closed_log,
            "erase",
            "--tenant",
            "retail",
            "--day",
            "2026-01-01",
            "--reason",
            "x",
            "--yes",
        )
        == 0
    )
    assert "0 keys destroyed" in capsys.readouterr().out


async def test_holds_are_listed_added_and_released(
    closed_log: AuditSettings, capsys: Captured
) -> None:
    assert await audit(closed_log, "hold", "--add", "request_id", "r1", "--reason", "case 4") == 0
    held = capsys.readouterr().out.split()
    assert held[1:3] == ["request_id", "r1"]
    assert await audit(closed_log, "erase", "--request", "r1", "--reason", "wish", "--yes") == 0
    out = capsys.readouterr().out
    assert "0 records erased" in out
    assert "2 records are under a legal hold" in out
    assert await audit(closed_log, "hold", "--release", held[0], "--reason", "closed") == 0
    assert capsys.readouterr().out == ""


async def test_retention_below_half_a_year_is_refused(
    closed_log: AuditSettings, capsys: Captured
) -> None:
    assert await audit(closed_log, "retain", "--metadata-days", "30", "--reason", "x") == 2
    assert "less than 184 days" in capsys.readouterr().err
    assert await audit(closed_log, "retain", "--reason", "x") == 0
    assert "0 texts erased, 0 records pruned" in capsys.readouterr().out


async def test_who_erases_by_age_is_in_the_log_with_the_reason(closed_log: AuditSettings) -> None:
    """A person may name fewer days than the proxy keeps texts; `proxy` is whom nobody asked."""
    who = ("--content-days", "-1", "--actor", "li", "--reason", "order 7")  # all of today's
    assert await audit(closed_log, "retain", *who) == 0
    with reading(closed_log.url) as connection:
        found = find(connection, Query(stage=(Stage.ERASED,))).entries
    said = [entry.event["detail"] for entry in found]
    assert [(d["actor"], d["reason"]) for d in said] == [("li", "order 7")]


async def test_no_hold_ends_without_a_reason(closed_log: AuditSettings, capsys: Captured) -> None:
    await audit(closed_log, "hold", "--add", "request_id", "r1", "--reason", "case 4")
    held = capsys.readouterr().out.split()[0]
    assert await audit(closed_log, "hold", "--release", held) == 2
    assert "--reason" in capsys.readouterr().err
    await audit(closed_log, "hold")
    assert held in capsys.readouterr().out


async def test_a_report_is_counts_or_a_page(
    closed_log: AuditSettings, tmp_path: Path, capsys: Captured
) -> None:
    assert await audit(closed_log, "report") == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["requests"], figures["actions"]) == (3, {"block": 3})
    assert (
        await audit(closed_log, "report", "--html", str(tmp_path / "r.html"), "--lang", "en") == 0
    )
    assert "pii.cn.id_card" in (tmp_path / "r.html").read_text()
