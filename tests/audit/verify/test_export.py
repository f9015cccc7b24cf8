"""What is done to an export is found, file by file and line by line."""

from __future__ import annotations

import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest
from threegate.audit import AuditSettings
from threegate.audit.export.bundle import FOLDER, Reveal
from threegate.audit.log.note import Signer
from threegate.audit.settings import Format
from threegate.audit.verify.export import verify_export

from tests.audit.export.test_bundle import check, exported

CHANGES = {
    "entry": ('"input":3', '"input":4', {"file_changed", "not_included"}),
    "text": ("贷款", "存款", {"file_changed", "text_changed"}),
    "proof": ('"size":10', '"size":11', {"file_changed", "no_checkpoint"}),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_changed_line_is_found(settings: AuditSettings, change: str) -> None:
    done = await exported(settings, reveal=Reveal.ORIGINAL)
    path = done.directory / "records.jsonl"
    old, new, codes = CHANGES[change]
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert {p.code for p in check(settings).problems} == codes


async def test_lines_dropped_doubled_or_torn_are_found(settings: AuditSettings) -> None:
    done = await exported(settings)
    path = done.directory / "records.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    for changed, code in (
        (lines[:-1], "count"),
        ([*lines, lines[0]], "twice"),
        ([*lines[:-1], lines[-1][:-9]], "torn"),
        ([*lines, b"[]\n"], "malformed"),
    ):
        path.write_bytes(b"".join(changed))
        assert code in {p.code for p in check(settings).problems}


async def test_every_file_of_an_export_is_protected(settings: AuditSettings) -> None:
    done = await exported(settings, Format.CSV)
    for name in [*done.files, "MANIFEST"]:
        copy = settings.directory / "copy"
        shutil.copytree(done.directory, copy)
        data = (copy / name).read_bytes()
        at = min(20, len(data) // 2)
        (copy / name).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert not check(settings, copy).ok, name
        (copy / name).unlink()
        assert not check(settings, copy).ok, name
        shutil.rmtree(copy)
    (done.directory / "extra").write_text("x")
    assert [p.code for p in check(settings).problems] == ["file_extra"]


async def test_a_stranger_cannot_sign_an_export(settings: AuditSettings) -> None:
    await exported(settings)
    stranger = Signer.from_seed(settings.origin, bytes(32)).verifier
    report = verify_export(settings.directory / "export", [stranger])
    assert {p.code for p in report.problems} >= {"manifest", "checkpoint_unsigned"}
    assert report.proven == 0


async def test_an_export_without_a_key_says_what_is_missing(settings: AuditSettings) -> None:
    """It called every record unproven, for a "NoteError"."""
    await exported(settings)
    folder = settings.directory / "export"
    (problem,) = verify_export(folder, []).problems
    assert "--key log.vkey" in problem.message("en")
    assert "--key log.vkey" in problem.message("zh")
    stranger = Signer.from_seed(settings.origin, bytes(32)).verifier
    told = next(p for p in verify_export(folder, [stranger]).problems if p.code == "manifest")
    assert "no signature by a trusted key" in told.message("en")
    assert "Error" not in told.message("zh")


async def test_the_zip_of_the_console_verifies_as_it_is(
    settings: AuditSettings, tmp_path: Path
) -> None:
    """Given the zip, or the folder it was unpacked into, it said that the export does not
    verify."""
    done = await exported(settings)
    box = tmp_path / "unpacked"
    shutil.copytree(done.directory, box / FOLDER)
    archive = Path(shutil.make_archive(str(tmp_path / "sent"), "zip", box))
    for given in (archive, box):
        report = check(settings, given)
        assert report.ok, report.problems
        assert report.records > 0
    (box / "note.txt").write_text("read me")
    more = Path(shutil.make_archive(str(tmp_path / "more"), "zip", box))
    assert [p.code for p in check(settings, more).problems] == ["file_extra"]
    records = box / FOLDER / "records.jsonl"
    true = records.read_bytes()
    records.write_bytes(true.replace(b"r1", b"r2", 1))
    for name in (f"{FOLDER}/./records.jsonl", f"{FOLDER}//Records.jsonl"):
        twice = Path(shutil.make_archive(str(tmp_path / "twice"), "zip", box))
        with ZipFile(twice, "a") as opened:  # other programs may read the first of both
            opened.writestr(name, true)
        assert "file_extra" in {p.code for p in check(settings, twice).problems}
    damaged = tmp_path / "damaged.zip"
    begins = archive.read_bytes()
    at = begins.index(b"records.jsonl") + 60  # within its packed text
    damaged.write_bytes(begins[:at] + b"\xff" * 20 + begins[at + 20 :])
    assert "file_missing" in {p.code for p in check(settings, damaged).problems}
    changed = Path(shutil.make_archive(str(tmp_path / "changed"), "zip", box))
    assert "file_changed" in {p.code for p in check(settings, changed).problems}
