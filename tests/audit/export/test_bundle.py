"""An export proves itself; each format says the same; nothing in it runs in a spreadsheet."""

from __future__ import annotations

import asyncio
import csv
import dataclasses
import json
import os
import sqlite3
import sys
from pathlib import Path

import pytest
from threegate.audit import AuditLog, AuditSettings, ContentLevel, Query, Stage
from threegate.audit.export.bundle import (
    RECORDS,
    SEARCH,
    Exported,
    Reveal,
    conditions_of,
    export,
)
from threegate.audit.log.chain import Algorithm
from threegate.audit.log.encoding import ACTION_OF
from threegate.audit.log.log_keys import load_master, load_signer
from threegate.audit.log.note import Signer
from threegate.audit.settings import Format
from threegate.audit.verify.export import ExportReport, verify_export
from threegate.audit.verify.verifier import own_keys
from threegate.errors import AuditError
from threegate.types import Caller

from tests.audit.conftest import REDACTED, TEXT, content, filled, record


async def exported(
    settings: AuditSettings,
    form: Format = Format.JSONL,
    reveal: Reveal = Reveal.NOTHING,
    query: Query | None = None,
) -> Exported:
    log = await AuditLog.open(settings)
    whole = dataclasses.replace(content(), level=ContentLevel.FULL)
    for n in range(4):
        await log.append(record(f"r{n}", subject="u1"), whole)
        await log.append(record(f"r{n}", Stage.BLOCKED))
    await log.close()
    return export(
        settings.url,
        query or Query(),
        settings.directory / "export",
        load_signer(settings),
        form=form,
        reveal=reveal,
        master=load_master(settings),
    )


def check(settings: AuditSettings, directory: Path | None = None) -> ExportReport:
    return verify_export(directory or settings.directory / "export", own_keys(settings))


@pytest.mark.parametrize("form", Format)
async def test_every_format_is_proven(settings: AuditSettings, form: Format) -> None:
    done = await exported(settings, form)
    assert (done.records, done.proven) == (10, 10)
    report = check(settings)
    assert report.ok, report.problems
    assert (report.records, report.proven, report.pending, report.gaps) == (10, 10, 0, 0)
    if form is not Format.JSONL:
        assert (done.directory / f"records.{form}").stat().st_size > 0


async def test_a_selection_is_proven_and_its_gaps_are_counted(settings: AuditSettings) -> None:
    words = REDACTED.split()[0]
    done = await exported(settings, query=Query(stage=(Stage.BLOCKED,), since_us=1))
    assert done.records == 4
    report = check(settings)
    assert report.ok
    assert report.gaps == 3
    told = json.loads((done.directory / SEARCH).read_text())
    assert told == {"stage": ["blocked"], "since": told["since"]}
    assert told["since"].startswith("1970-01-01T")
    assert conditions_of(Query(action=(ACTION_OF["block"],)), None) == {"action": ["block"]}
    assert conditions_of(Query(shadow=False), None) == {"shadow": False}
    hashed = conditions_of(Query(text=words, tenant="t"), load_master(settings))
    assert hashed["tenant"] == "t"
    assert words not in hashed["text"]
    assert hashed["text"] == load_master(settings).pseudonym("", words)
    (done.directory / SEARCH).write_text("{}")
    assert not check(settings).ok


async def test_more_than_a_page_is_exported(settings: AuditSettings) -> None:
    log = await AuditLog.open(settings)
    await asyncio.gather(*(log.append(record(f"r{n}")) for n in range(1200)))
    await log.close()
    done = export(settings.url, Query(), settings.directory / "export", load_signer(settings))
    assert done.records == done.proven == 1202
    assert check(settings).ok


async def test_pending_records_are_exported_as_such(settings: AuditSettings) -> None:
    log = await filled(settings, 2)
    done = export(settings.url, Query(), settings.directory / "export", load_signer(settings))
    await log.close()
    assert (done.records, done.proven) == (5, 0)
    report = check(settings)
    assert report.ok
    assert (report.proven, report.pending) == (0, 5)


@pytest.mark.parametrize("algorithm", Algorithm)
async def test_the_text_of_pending_records_is_checked_with_their_hash(
    settings: AuditSettings, algorithm: Algorithm
) -> None:
    """Of fresh records with SM3 the verifier said that their text was changed."""
    log = await filled(dataclasses.replace(settings, algorithm=algorithm), 2)
    to, master = settings.directory / "export", load_master(settings)
    export(settings.url, Query(), to, load_signer(settings), reveal=Reveal.REDACTED, master=master)
    await log.close()
    assert check(settings).problems == []
    rows = [json.loads(line) for line in (to / RECORDS).read_bytes().splitlines()]
    part = next(row["content"][0] for row in rows if row.get("content"))
    part["redacted"] += "!"
    (to / RECORDS).write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "text_changed" in {p.code for p in check(settings).problems}


@pytest.mark.parametrize("reveal", Reveal)
async def test_text_is_revealed_as_asked_and_proven(
    settings: AuditSettings, reveal: Reveal
) -> None:
    done = await exported(settings, reveal=reveal)
    data = (done.directory / "records.jsonl").read_text()
    shown = [p for line in data.splitlines() for p in json.loads(line).get("content", ())]
    assert [p["redacted"] for p in shown] == ([] if reveal is Reveal.NOTHING else [REDACTED] * 4)
    assert [p.get("text") for p in shown] == {
        Reveal.NOTHING: [],
        Reveal.REDACTED: [None] * 4,
        Reveal.ORIGINAL: [TEXT] * 4,
    }[reveal]
    assert check(settings).ok


async def test_text_without_the_master_key_is_refused(settings: AuditSettings) -> None:
    signer = Signer.from_seed("n", bytes(32))
    with pytest.raises(AuditError, match="master key"):
        export(settings.url, Query(), settings.directory / "e", signer, reveal=Reveal.REDACTED)


async def test_a_changed_log_is_not_exported_as_proven(settings: AuditSettings) -> None:
    log = await filled(settings, 2)
    await log.close()
    with sqlite3.connect(settings.url.removeprefix("sqlite:///")) as thief:
        thief.execute("UPDATE audit_record SET leaf = zeroblob(32) WHERE seq = 2")
    thief.close()
    with pytest.raises(AuditError, match="does not match its checkpoint"):
        export(settings.url, Query(), settings.directory / "export", load_signer(settings))


async def test_no_cell_is_a_formula(settings: AuditSettings) -> None:
    log = await AuditLog.open(settings)
    evil = Caller(model="=cmd|' /C calc'!A0", conversation="+1", language="@x", key_id="-2")
    await log.append(record(caller=evil))
    await log.close()
    done = export(
        settings.url, Query(), settings.directory / "e", load_signer(settings), form=Format.CSV
    )
    with (done.directory / "records.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [value for row in csv.reader(file) for value in row]
    assert "'=cmd|' /C calc'!A0" in cells
    assert not [c for c in cells if c.startswith(("=", "+", "-", "@", "\t", "\r"))]


async def test_a_format_that_is_not_installed_leaves_no_folder(
    settings: AuditSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await (await filled(settings)).close()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    folder = tmp_path / "out"
    with pytest.raises(AuditError, match="pyarrow"):
        export(settings.url, Query(), folder, load_signer(settings), form=Format.PARQUET)
    assert not folder.exists()
    folder.mkdir()
    with pytest.raises(AuditError, match="exists"):
        export(settings.url, Query(), folder, load_signer(settings))


async def test_texts_are_their_owners_alone(settings: AuditSettings) -> None:
    """Whatever the umask; an export without texts goes where its reader is."""
    previous = os.umask(0o022)
    try:
        done = await exported(settings, reveal=Reveal.REDACTED)
    finally:
        os.umask(previous)
    assert done.directory.stat().st_mode & 0o777 == 0o700
