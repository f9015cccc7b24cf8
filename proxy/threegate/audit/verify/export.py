"""Verifies an export by itself: no database, no server, only the directory and a trusted key.

It proves that each record with a proof was in the log when its checkpoint was signed, that the
files are the ones that were exported, and that text given with a record is the text that was
logged. It does not prove that nothing was left out: `gaps` counts the missing places between
exported records.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile, is_zipfile

import orjson

from threegate.audit.export.bundle import (
    CHECKPOINTS,
    FOLDER,
    MANIFEST,
    RECORDS,
    TITLE,
    file_digest,
    hasher_of,
)
from threegate.audit.log.chain import Algorithm, Hasher, verify_inclusion
from threegate.audit.log.content import part_hash
from threegate.audit.log.encoding import canonical
from threegate.audit.log.note import Checkpoint, NoteError, Verifier, verify
from threegate.audit.verify.findings import VerifyProblem
from threegate.audit.verify.verifier import signed_checkpoint
from threegate.i18n.system import reason
from threegate.types import Bilingual
from threegate.zip_files import UNREADABLE

MAX_PROBLEMS = 1_000


@dataclass(slots=True)
class ExportReport:
    """`pending` records were exported before a checkpoint covered them and are not proven."""

    records: int = 0
    proven: int = 0
    pending: int = 0
    gaps: int = 0
    problems: list[VerifyProblem] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems

    def add(self, where: str, seq: int, kind: str, /, **details: object) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(VerifyProblem.of(where, seq, kind, details))


def verify_export(given: Path, keys: Sequence[Verifier]) -> ExportReport:
    """`given` is the folder of an export, the zip of the console, or the folder into which that was
    unpacked. `keys` are trusted; their names are origins."""
    report = ExportReport()
    if not keys:
        report.add("--key", -1, "no_key/export")
    elif is_zipfile(given):
        with TemporaryDirectory() as unpacked:
            _unpack(given, Path(unpacked), report)
            _verify(_inner(Path(unpacked)), keys, report)
    else:
        _verify(_inner(given), keys, report)
    return report


def _unpack(archive: Path, into: Path, report: ExportReport) -> None:
    try:
        with ZipFile(archive) as opened:
            opened.extractall(into)  # leaves out what would lead out of the folder
            names = opened.namelist()
            beside = [n for n in names if not n.startswith(f"{FOLDER}/")]
            places = Counter(map(_target, names))  # which of two does another program read?
            twice = [place for place, number in places.items() if number > 1]
            for name in [*(beside if _inner(into) != into else ()), *twice]:
                report.add(name, -1, "file_extra")
    except UNREADABLE as error:
        why = reason(error) if isinstance(error, OSError) else type(error).__name__
        report.add(archive.name, -1, "file_missing/read", why=why)


def _target(name: str) -> str:
    """Where programs put a member of a zip, whatever the system."""
    parts = name.replace("\\", "/").casefold().split("/")
    return "/".join(part for part in parts if part not in ("", ".", ".."))


def _inner(directory: Path) -> Path:
    """The folder in which the zip of the console holds everything."""
    inner = directory / FOLDER
    return inner if not (directory / MANIFEST).exists() and inner.is_dir() else directory


def _verify(directory: Path, keys: Sequence[Verifier], report: ExportReport) -> None:
    expected = _manifest(directory, keys, report)
    checkpoints = _checkpoints(directory, keys, report)
    places: dict[str, set[int]] = {}
    for number, line in enumerate(_lines(directory, report)):
        report.records += 1
        _record(line, number, checkpoints, places, report)
    if expected is not None and expected != report.records:
        report.add(RECORDS, -1, "count", expected=expected, found=report.records)
    report.gaps = sum(max(p) - min(p) + 1 - len(p) for p in places.values())


def _manifest(directory: Path, keys: Sequence[Verifier], report: ExportReport) -> int | None:
    try:
        text, _ = verify((directory / MANIFEST).read_text(), keys)
        title, count, *listed = text.splitlines()
    except (NoteError, OSError, ValueError) as error:
        report.add(MANIFEST, -1, "manifest/unsigned", why=_why(error))
        return None
    if title != TITLE:
        report.add(MANIFEST, -1, "manifest/title")
        return None
    files = {name: digest for digest, _, name in (line.partition(" ") for line in listed)}
    _check_files(directory, files, report)
    return int(count)


def _why(error: Exception) -> Bilingual | str:
    match error:
        case NoteError():
            return error.text
        case OSError():
            return reason(error)
        case _:
            return type(error).__name__


def _check_files(directory: Path, files: dict[str, str], report: ExportReport) -> None:
    present = {p.relative_to(directory).as_posix() for p in directory.rglob("*") if p.is_file()}
    for name in sorted(present - files.keys() - {MANIFEST}):
        report.add(name, -1, "file_extra")
    for name, digest in files.items():
        if name not in present:
            report.add(name, -1, "file_missing")
        elif file_digest(directory / name) != digest:
            report.add(name, -1, "file_changed")


def _checkpoints(
    directory: Path, keys: Sequence[Verifier], report: ExportReport
) -> dict[str, Checkpoint]:
    found: dict[str, Checkpoint] = {}
    for path in sorted((directory / CHECKPOINTS).glob("*")):
        try:
            checkpoint = signed_checkpoint(path.read_text(), keys)
        except NoteError as error:
            report.add(path.name, -1, "checkpoint_unsigned", zh=error.text.zh, en=error.text.en)
            continue
        found[checkpoint.origin.rpartition("/")[2]] = checkpoint
    return found


def _lines(directory: Path, report: ExportReport) -> Iterator[bytes]:
    try:
        with (directory / RECORDS).open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line
                else:
                    report.add(RECORDS, -1, "torn")
    except OSError as error:
        report.add(RECORDS, -1, "file_missing/read", why=reason(error))


def _record(
    line: bytes,
    number: int,
    checkpoints: dict[str, Checkpoint],
    places: dict[str, set[int]],
    report: ExportReport,
) -> None:
    try:
        row = orjson.loads(line)
        entry = row["entry"]
        writer, seq = _place(entry)
        if seq in places.setdefault(writer, set()):
            report.add(writer, seq, "twice/export")
        places[writer].add(seq)
        _prove(row, checkpoints.get(writer), report)
        _texts(row, checkpoints.get(writer), report)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        report.add(RECORDS, number, "malformed/line", line=number + 1)


def _place(entry: dict[str, Any]) -> tuple[str, int]:
    writer, seq = entry["writer"], entry["seq"]
    if not isinstance(writer, str) or type(seq) is not int:
        raise TypeError("the place of a record")
    return writer, seq


def _prove(row: dict[str, Any], checkpoint: Checkpoint | None, report: ExportReport) -> None:
    entry, proof = row["entry"], row["proof"]
    if proof is None:
        report.pending += 1
        return
    place = (entry["writer"], entry["seq"])
    if checkpoint is None or proof["size"] != checkpoint.size:
        report.add(*place, "no_checkpoint")
        return
    hasher = hasher_of(checkpoint.origin)
    path = [bytes.fromhex(h) for h in proof["path"]]
    leaf = hasher.leaf(canonical(entry))
    if verify_inclusion(leaf, entry["seq"], checkpoint.size, path, checkpoint.root, hasher):
        report.proven += 1
    else:
        report.add(*place, "not_included")


def _texts(row: dict[str, Any], checkpoint: Checkpoint | None, report: ExportReport) -> None:
    """Checks text and redacted text against the hashes in the entry."""
    if not row.get("salt"):
        return
    entry = row["entry"]
    hashers = [hasher_of(checkpoint.origin)] if checkpoint else _every_hasher()
    logged = {c["part"]: c for c in entry["event"]["content"] if "part" in c}
    for part in row["content"]:
        hashes = logged.get(part["part"], {})
        shown = hashes.get("redacted_hash", hashes.get("hash"))
        for name, digest in (("redacted", shown), ("text", hashes.get("hash"))):
            hashed = (part["part"], part.get(name, ""), bytes.fromhex(row["salt"]))
            if name in part and digest not in [part_hash(*hashed, each) for each in hashers]:
                report.add(entry["writer"], entry["seq"], "text_changed/export", name=name)


def _every_hasher() -> list[Hasher]:
    """A writer's checkpoint says which hash it has; records without one may have either."""
    return [Hasher(each) for each in Algorithm if each in hashlib.algorithms_available]
