"""A local file for intents and records while the database is away (`spool`).

Append-only, one line each, `crc32 SP JSON LF`, fsynced before the record counts as durable. A
torn last line (crash while writing) is skipped and counted. Texts in it are encrypted like those in
the database. A spool file belongs to one process at a time, by `flock`; what a dead process left is
adopted at the next start.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

import orjson

from threegate.audit.errors import trouble
from threegate.audit.log.content import indexed, unseal
from threegate.audit.log.database import ROOM_BYTES, disk_has_room
from threegate.audit.log.keys import MasterKey
from threegate.audit.log.locks import ownerless
from threegate.audit.log.record import Intent
from threegate.audit.log.rows import Pending, PendingIntent, PendingRecord
from threegate.durable_files import sync_directory


@dataclass(slots=True)
class Spool:
    """`torn` counts the lines of the file read last that could not be read back."""

    directory: Path
    name: str
    master: MasterKey
    max_bytes: int
    torn: int = 0
    _file: FileIO | None = field(default=None, init=False)

    def append(self, items: list[Pending]) -> None:
        """Returns when all of them are on disk. Raises `AuditError` (full) and `OSError`."""
        file = self._own()
        start = file.tell()
        data = b"".join(_line(item, self.name) for item in items)
        if start + len(data) > self.max_bytes:
            raise trouble("spool-full")
        try:
            _write_all(file, data)
            os.fsync(file.fileno())
        except OSError:
            file.truncate(start)
            file.seek(start)
            raise

    def has_room(self) -> bool:
        """Whether a call's record fits, in the spool and on its disk."""
        try:
            used = self._path.stat().st_size
        except FileNotFoundError:  # nothing is spooled, or it has just been replayed
            used = 0
        except OSError:  # a failing disk
            return False
        return used + ROOM_BYTES <= self.max_bytes and disk_has_room(self.directory.parent)

    def _own(self) -> FileIO:
        if self._file is None:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            self._file = FileIO(descriptor, "r+b", closefd=True)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._file.seek(0, os.SEEK_END)
            sync_directory(self.directory)
        return self._file

    @property
    def _path(self) -> Path:
        return self.directory / f"{self.name}.spool"

    def pending(self) -> Iterator[tuple[list[Pending], Path]]:
        """The items of each file that is ours or has no live owner. Call `drop` once they are in
        the database."""
        for path in sorted(self.directory.glob("*.spool")):
            if path == self._path or ownerless(path):
                yield list(self._read(path)), path

    def _read(self, path: Path) -> Iterator[Pending]:
        self.torn = 0
        for line in path.read_bytes().split(b"\n"):
            if not line:
                continue
            check, _, payload = line.partition(b" ")
            if check != b"%08x" % zlib.crc32(payload):
                self.torn += 1
                continue
            yield self._item(orjson.loads(payload))

    def _item(self, row: dict[str, Any]) -> Pending:
        key = None
        if row["key"]:
            key_id, tenant, day, wrapped = row["key"]
            key = self.master.unwrap(key_id, tenant, day, b64decode(wrapped))
        if "intent" in row:
            at, digest, named, nonce = row["intent"]
            made = Intent(at, digest, named, b64decode(nonce))
            return PendingIntent(row["id"], made, row["caller"], row["policy"], key, row["writer"])
        blob, words = b64decode(row["blob"]), ""
        if key is not None and blob:
            words = indexed((p["part"], p["redacted"]) for p in unseal(blob, row["id"], key))
        return PendingRecord(
            row["id"],
            row["event"].encode(),
            row["ts"],
            tuple(row["columns"]),
            row["subject"],
            b64decode(row["salt"]) or None,
            tuple(map(tuple, row["hits"])),
            key,
            blob,
            words,
            spooled=True,
            closes=row.get("closes", False),
        )

    def close(self) -> None:
        """Leaves the file to the next process that starts."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def drop(self, path: Path) -> None:
        if path == self._path:
            self.close()
        path.unlink()
        sync_directory(self.directory)


def _line(item: Pending, writer: str) -> bytes:
    key = item.key
    kept = [key.id, key.tenant, key.day, _base64(key.wrapped)] if key else None
    members = _intent(item, writer) if isinstance(item, PendingIntent) else _record(item)
    payload = orjson.dumps({"id": item.event_id, "key": kept, **members})
    return b"%08x %b\n" % (zlib.crc32(payload), payload)


def _intent(item: PendingIntent, writer: str) -> dict[str, Any]:
    made = item.intent
    return {
        "intent": [made.ts_us, made.digest, made.key, _base64(made.nonce)],
        "caller": item.caller,
        "policy": item.policy,
        "writer": item.writer or writer,
    }


def _record(item: PendingRecord) -> dict[str, Any]:
    return {
        "event": item.event.decode(),
        "ts": item.ts_us,
        "columns": item.columns,
        "subject": item.subject,
        "salt": _base64(item.salt or b""),
        "hits": item.hits,
        "blob": _base64(item.blob),
        "closes": item.closes,
    }


def _base64(data: bytes) -> str:
    return b64encode(data).decode()


def _write_all(file: FileIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) or 0 :]
