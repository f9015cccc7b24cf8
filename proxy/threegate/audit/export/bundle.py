"""A signed export: a directory that proves itself, without database or server.

    records.jsonl          one line per record: the entry, its inclusion proof, and with `reveal`
                           its text and salt
    records.<format>       the same records for other tools, where a format is given
    search.json            which search the export answers
    LEFT-OUT.txt           how many records of the search are not in it and why, where there are any
    checkpoints/<writer>   the signed checkpoints that the proofs lead to
    MANIFEST               a signed note with the SHA-256 of every file and the number of records

Records that no checkpoint covers yet are exported as pending, without a proof (`"proof":null`).
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

import orjson
from sqlalchemy import Connection, select

from threegate.audit.errors import trouble
from threegate.audit.export.formats import AS_STORED, FLAT, Wording, flat, ocsf
from threegate.audit.export.otel import otel_log, otel_spans
from threegate.audit.log.chain import Algorithm, Hasher, Tree
from threegate.audit.log.conditions import Query
from threegate.audit.log.database import reader_engine
from threegate.audit.log.encoding import ACTION_NAMES, timestamp
from threegate.audit.log.keys import MasterKey
from threegate.audit.log.note import Checkpoint, Note, Signer, sign
from threegate.audit.log.query import MAX_PAGE, Entry, data_key, find, read_content
from threegate.audit.log.record import ENDS
from threegate.audit.log.schema import CHECKPOINT, RECORD, STUB
from threegate.audit.settings import Format
from threegate.durable_files import replace_file

TITLE = "threegate audit export 1"
RECORDS, MANIFEST, CHECKPOINTS = "records.jsonl", "MANIFEST", "checkpoints"
LEFT_OUT, SEARCH = "LEFT-OUT.txt", "search.json"
PAGING = ("limit", "after", "facets", "step_us", "shift_us")
"""Fields of a query that choose no records."""
UNSET: tuple[Any, ...] = ("", (), 0, None, frozenset())
FOLDER = "threegate-export"
"""In the zip of the console."""


class Reveal(StrEnum):
    """Which text is exported with the records. Exporting text is an access that the caller must
    record."""

    NOTHING = "nothing"
    REDACTED = "redacted"
    ORIGINAL = "original"


@dataclass(frozen=True, slots=True)
class Omission:
    """Records that whoever exports must not see yet; `why` is written into the export, {count} of
    them."""

    of: Callable[[Entry], bool] = lambda _: False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Exported:
    directory: Path
    records: int
    proven: int
    files: Mapping[str, str]  # name → SHA-256


def export(
    url: str,
    query: Query,
    directory: Path,
    signer: Signer,
    *,
    form: Format = Format.JSONL,
    reveal: Reveal = Reveal.NOTHING,
    master: MasterKey | None = None,
    names: str = "verdict",
    wording: Wording = AS_STORED,
    omission: Omission = Omission(),
) -> Exported:
    """All records that match, of one moment. `directory` must not exist. `names` are those of the
    guardrail attributes (`otel.NAMES`), `wording` that of a CSV file. Raises `AuditError`,
    `OSError`."""
    if reveal is not Reveal.NOTHING and master is None:
        raise trouble("export-master")
    if form is Format.PARQUET and find_spec("pyarrow") is None:
        raise trouble("export-parquet")
    engine = reader_engine(url)
    try:
        directory.mkdir(0o777 if reveal is Reveal.NOTHING else 0o700, parents=True)
    except FileExistsError:
        raise trouble("export-exists", path=directory) from None
    try:
        with engine.begin() as connection:
            made = _Export(connection, directory, signer, reveal, master, names, wording, omission)
            return made.run(query, form)
    finally:
        engine.dispose()


@dataclass(slots=True)
class _Proofs:
    """One writer's latest checkpoint and the tree below it."""

    note: str
    size: int
    tree: Tree

    def path(self, seq: int) -> dict[str, Any] | None:
        if seq >= self.size:
            return None
        return {"size": self.size, "path": [h.hex() for h in self.tree.inclusion(seq)]}


@dataclass(slots=True)
class _Export:
    connection: Connection
    directory: Path
    signer: Signer
    reveal: Reveal
    master: MasterKey | None
    names: str = "verdict"
    wording: Wording = AS_STORED
    omission: Omission = field(default_factory=Omission)
    left_out: int = 0
    proofs: dict[str, _Proofs | None] = field(default_factory=dict)
    records: int = 0
    proven: int = 0

    def run(self, query: Query, form: Format) -> Exported:
        with (self.directory / RECORDS).open("w", encoding="utf-8", newline="\n") as lines:
            if form is Format.JSONL:
                for entry in self._entries(query):
                    lines.write(self._line(entry))
            else:
                sink = SINKS[form](self.names, self.wording)
                sink(self._copied(self._entries(query), lines), self.directory / f"records.{form}")
        self._checkpoints()
        searched = json.dumps(conditions_of(query, self.master), ensure_ascii=False, indent=1)
        replace_file(self.directory / SEARCH, f"{searched}\n".encode())
        if self.left_out:
            why = self.omission.why.format(count=self.left_out)
            replace_file(self.directory / LEFT_OUT, f"{why}\n".encode())
        return self._manifest()

    def _entries(self, query: Query) -> Iterator[Entry]:
        for entry in self._found(query):
            if self.omission.of(entry):
                self.left_out += 1
            else:
                yield entry

    def _found(self, query: Query) -> Iterator[Entry]:
        page = find(self.connection, replace(query, limit=MAX_PAGE, facets=False))
        while True:
            yield from page.entries
            if not page.next:
                return
            page = find(
                self.connection, replace(query, limit=MAX_PAGE, facets=False, after=page.next)
            )

    def _copied(self, entries: Iterator[Entry], lines: TextIO) -> Iterator[dict[str, Any]]:
        """The parsed entries, each written with its proof on the way."""
        for entry in entries:
            lines.write(self._line(entry))
            yield orjson.loads(entry.entry)

    def _line(self, entry: Entry) -> str:
        proofs = self._of(entry.writer)
        proof = proofs.path(entry.seq) if proofs else None
        self.records += 1
        self.proven += proof is not None
        extras = {"proof": proof, **self._text(entry)}
        return f'{{"entry":{entry.entry},{orjson.dumps(extras).decode()[1:]}\n'

    def _text(self, entry: Entry) -> dict[str, Any]:
        if self.reveal is Reveal.NOTHING or self.master is None or not entry.has_content:
            return {}
        parts = read_content(self.connection, self.master, entry)
        if self.reveal is Reveal.REDACTED:
            parts = [{k: v for k, v in p.items() if k != "text"} for p in parts]
        return {"content": parts, "salt": self._salt(entry, self.master)}

    def _salt(self, entry: Entry, master: MasterKey) -> str:
        place = (RECORD.c.writer == entry.writer) & (RECORD.c.seq == entry.seq)
        nonce = self.connection.execute(select(RECORD.c.salt).where(place)).scalar_one()
        key = data_key(self.connection, master, entry)
        return key.salt(bytes(nonce)).hex() if nonce is not None and key is not None else ""

    def _of(self, writer: str) -> _Proofs | None:
        if writer not in self.proofs:
            self.proofs[writer] = self._load(writer)
        return self.proofs[writer]

    def _load(self, writer: str) -> _Proofs | None:
        """Raises `AuditError` if the stored leaves do not lead to the signed root, because the log
        was changed."""
        latest = select(CHECKPOINT.c.note).where(CHECKPOINT.c.writer == writer)
        note = self.connection.execute(latest.order_by(CHECKPOINT.c.size.desc()).limit(1)).scalar()
        if note is None:
            return None
        checkpoint = Checkpoint.parse(Note.parse(note).text)
        tree = Tree(self._leaves(writer, checkpoint.size), hasher_of(checkpoint.origin))
        if tree.size != checkpoint.size or tree.root() != checkpoint.root:
            raise trouble("export-differs", writer=writer)
        return _Proofs(note, checkpoint.size, tree)

    def _leaves(self, writer: str, size: int) -> list[bytes]:
        both = [
            select(t.c.seq, t.c.leaf).where(t.c.writer == writer, t.c.seq < size)
            for t in (RECORD, STUB)
        ]
        rows = self.connection.execute(both[0].union_all(both[1]))
        return [bytes(leaf) for _, leaf in sorted((seq, leaf) for seq, leaf in rows)]

    def _checkpoints(self) -> None:
        (self.directory / CHECKPOINTS).mkdir()
        for writer, proofs in self.proofs.items():
            if proofs is not None:
                replace_file(self.directory / CHECKPOINTS / writer, proofs.note.encode())

    def _manifest(self) -> Exported:
        names = sorted(
            p.relative_to(self.directory).as_posix()
            for p in self.directory.rglob("*")
            if p.is_file()
        )
        files = {name: file_digest(self.directory / name) for name in names}
        listed = "".join(f"{digest} {name}\n" for name, digest in files.items())
        note = sign(f"{TITLE}\n{self.records}\n{listed}", [self.signer])
        replace_file(self.directory / MANIFEST, note.encode())
        return Exported(self.directory, self.records, self.proven, files)


def conditions_of(query: Query, master: MasterKey | None) -> dict[str, Any]:
    """What was searched for, so that an export says which records it should hold. Searched words as
    a keyed hash, if there is a key; of lists of requests only how many."""
    given: dict[str, Any] = {
        f.name: getattr(query, f.name) for f in fields(query) if f.name not in PAGING
    }
    found: dict[str, Any] = {  # `shadow` may be False
        name: value for name, value in given.items() if value is False or value not in UNSET
    }
    for name in {"since_us", "until_us"} & found.keys():
        found[name.removesuffix("_us")] = timestamp(found.pop(name))
    for name in {"among", "beyond"} & found.keys():
        found[name] = len(found[name])
    if "action" in found:
        found["action"] = [ACTION_NAMES[value] for value in query.action]
    if "text" in found:
        found["text"] = master.pseudonym("", query.text) if master else "…"
    return found


def hasher_of(origin: str) -> Hasher:
    return Hasher(Algorithm.SM3 if "/sm3/" in origin else Algorithm.SHA256)


def file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- what the other formats write -----------------------------------------------------------------

Sink = Callable[[Iterator[dict[str, Any]], Path], None]


def _csv(entries: Iterator[dict[str, Any]], path: Path, wording: Wording) -> None:
    with path.open(
        "w", encoding="utf-8-sig", newline=""
    ) as file:  # the byte order mark lets Excel read it as UTF-8
        table = csv.writer(file)
        table.writerow(wording.heads)
        for entry in entries:
            table.writerow(wording.row(entry))


def _parquet(entries: Iterator[dict[str, Any]], path: Path) -> None:
    import pyarrow as pa  # an extra
    import pyarrow.parquet as pq

    numbers = ("seq", "stream", "input_tokens", "output_tokens", "upstream_status", "spooled")
    schema = pa.schema([(n, pa.int64() if n in numbers else pa.string()) for n in FLAT])
    with pq.ParquetWriter(path, schema) as writer:
        rows: list[dict[str, Any]] = []
        for entry in entries:
            rows.append(flat(entry))
            if len(rows) == MAX_PAGE:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows.clear()
        writer.write_table(pa.Table.from_pylist(rows, schema))


def _json_lines(
    convert: Callable[[Mapping[str, Any]], Mapping[str, Any]], stages: tuple[str, ...] = ()
) -> Sink:
    def write(entries: Iterator[dict[str, Any]], path: Path) -> None:
        with path.open("wb") as file:
            for entry in entries:
                if not stages or entry["event"]["stage"] in stages:
                    file.write(orjson.dumps(convert(entry)) + b"\n")

    return write


SINKS: Mapping[Format, Callable[[str, Wording], Sink]] = {
    Format.CSV: lambda _, wording: partial(_csv, wording=wording),
    Format.PARQUET: lambda *_: _parquet,
    Format.OCSF: lambda *_: _json_lines(ocsf),
    Format.OTEL_LOGS: lambda *_: _json_lines(otel_log),
    Format.OTEL_SPANS: lambda names, _: _json_lines(partial(otel_spans, names=names), ENDS),
}
"""Names the guardrail attributes as requested, and the columns of a CSV file."""
