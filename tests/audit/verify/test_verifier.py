"""Verification finds what was done to a log, and claims no more than it can."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from threegate.audit import AuditLog, AuditSettings
from threegate.audit.log.chain import SHA256, Frontier
from threegate.audit.log.database import now_us
from threegate.audit.log.encoding import canonical
from threegate.audit.log.encoding import entry as entry_of
from threegate.audit.log.note import Checkpoint, Signer, sign
from threegate.audit.log.record import Record, Stage
from threegate.audit.log.rows import COLUMN_NAMES, make_record
from threegate.audit.retention.legal_holds import hold
from threegate.audit.verify.findings import VerifyReport
from threegate.audit.verify.sources import Database, connect
from threegate.audit.verify.verifier import (
    UNSIGNED_US,
    belongs,
    own_keys,
    published_files,
    verify_database,
)
from threegate.errors import AuditError

from tests.audit.conftest import check, filled, record
from tests.cases import cases

# Everything a row of the log says, by table. `audit_writer.seen` and `audit_content.ts` say nothing.
COLUMNS = {
    "audit_record": (
        "writer", "seq", "ts", "request_id", "stage", "action", "layer", "tenant", "key_id", "model",
        "policy", "language", "conversation", "retention", "subject", "salt", "leaf", "entry", "hits",
    ),
    "audit_hit_set": ("id", "n", "rule", "kind", "layer", "action", "shadow"),
    "audit_content": ("writer", "seq", "key_id", "blob"),
    "audit_checkpoint": ("writer", "size", "note"),
    "audit_hold": ("id", "field", "value", "reason", "since"),
}  # fmt: skip


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> AuditSettings:
    """A small closed log of two writers, all integrated; tests change copies of it."""
    directory = tmp_path_factory.mktemp("pristine")
    settings = AuditSettings(url=f"sqlite:///{directory}/audit.db", directory=directory)

    async def fill() -> None:
        for _ in range(2):
            log = await filled(settings, 2)
            await hold(log, "tenant", "retail", actor="counsel", reason="case 4")
            await log.close()

    asyncio.run(fill())
    with sqlite3.connect(f"{directory}/audit.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return settings


class Copy:
    """A changeable copy in memory; published checkpoints and the key stay those of the original."""

    def __init__(self, original: AuditSettings) -> None:
        self.keys = own_keys(original)
        self.notes = [p.read_text() for p in published_files(original)]
        self.sql = sqlite3.connect(":memory:")
        source = sqlite3.connect(original.url.removeprefix("sqlite:///"))
        source.backup(self.sql)
        source.close()

    def report(self, published: list[str] | None = None) -> VerifyReport:
        database = connect_to(self.sql)
        return verify_database(database, self.keys, self.notes if published is None else published)


def connect_to(connection: sqlite3.Connection) -> Database:
    return Database(
        lambda sql, parameters: list(connection.execute(sql, parameters)), connection.close
    )


def flipped(value: object, dice: random.Random) -> object:
    """`value` with one bit changed, of the same type."""
    match value:
        case None:
            return b"x" * 16
        case int():
            return value ^ (1 << dice.randrange(8))
        case str():
            at = dice.randrange(len(value)) if value else 0
            changed = chr(ord(value[at]) ^ (1 << dice.randrange(5))) if value else "x"
            return value[:at] + changed + value[at + 1 :]
        case bytes():
            at = dice.randrange(len(value))
            return value[:at] + bytes([value[at] ^ (1 << dice.randrange(8))]) + value[at + 1 :]
        case _:
            raise AssertionError(type(value))


def test_the_untouched_log_verifies(pristine: AuditSettings) -> None:
    report = check(pristine)
    assert report.ok, report.problems
    assert [(c.size, c.integrated, c.pending) for c in report.chains] == [(7, 7, 0)] * 2


@pytest.mark.parametrize(
    ("table", "column"), [(t, c) for t, names in COLUMNS.items() for c in names]
)
def test_a_change_in_any_column_of_any_row_is_found(
    pristine: AuditSettings, table: str, column: str
) -> None:
    copy, dice = Copy(pristine), random.Random(f"{table}.{column}")
    rows = copy.sql.execute(f"SELECT rowid, {column} FROM {table}").fetchall()
    assert rows
    for rowid, value in rows:
        copy.sql.execute("BEGIN")
        change = f"UPDATE OR REPLACE {table} SET {column} = ? WHERE rowid = ?"
        copy.sql.execute(change, (flipped(value, dice), rowid))
        assert not copy.report().ok, (table, column, rowid)
        copy.sql.rollback()
    assert copy.report().ok


def test_every_byte_of_every_entry_and_leaf_counts(pristine: AuditSettings) -> None:
    copy = Copy(pristine)
    place = copy.sql.execute(
        "SELECT rowid, entry, leaf FROM audit_record WHERE stage = 'blocked' OR seq = 2"
    )
    rowid, entry, leaf = place.fetchone()
    for at in range(len(entry)):
        other = "0" if entry[at] != "0" else "1"
        assert found(copy, "entry", entry[:at] + other + entry[at + 1 :], rowid), at
    for at in range(len(leaf)):
        assert found(copy, "leaf", leaf[:at] + bytes([leaf[at] ^ 1]) + leaf[at + 1 :], rowid), at


def found(copy: Copy, column: str, value: object, rowid: int) -> bool:
    copy.sql.execute("BEGIN")
    copy.sql.execute(f"UPDATE audit_record SET {column} = ? WHERE rowid = ?", (value, rowid))
    ok = copy.report().ok
    copy.sql.rollback()
    return not ok


TAMPERS: dict[str, str] = {
    "drop one": "DELETE FROM audit_record WHERE rowid = (SELECT rowid FROM audit_record WHERE seq = 3)",
    "truncate": "DELETE FROM audit_record WHERE seq > 3",
    "drop a writer": "DELETE FROM audit_record WHERE writer = (SELECT min(writer) FROM audit_record)",
    "drop the last writer": "DELETE FROM audit_record WHERE writer = (SELECT max(writer) FROM audit_record)",
    "swap": (
        "UPDATE audit_record SET seq = -seq WHERE seq IN (3, 4);"
        "UPDATE audit_record SET seq = 7 + seq WHERE seq < 0"
    ),
    "drop texts": "DELETE FROM audit_content",
    "drop a key": "DELETE FROM audit_key WHERE id = (SELECT key_id FROM audit_content LIMIT 1)",
    "drop a hold": "DELETE FROM audit_hold WHERE rowid = 1",
    "hold back what nobody decided": "INSERT INTO audit_hold VALUES ('x', 'tenant', 't', 'r', 0)",
    "drop salts": "UPDATE audit_record SET salt = NULL, subject = NULL",
    "drop hits": "UPDATE audit_record SET hits = 0",
    "drop sets of hits": "DELETE FROM audit_hit_set",
    "add a hit": "INSERT INTO audit_hit_set SELECT id, 9, rule, kind, layer, action, shadow FROM audit_hit_set LIMIT 1",
    "stub silently": (
        "INSERT INTO audit_stub SELECT writer, seq, leaf FROM audit_record WHERE seq = 2;"
        "DELETE FROM audit_record WHERE seq = 2; DELETE FROM audit_content WHERE seq = 2"
    ),
    "extra text": "INSERT INTO audit_content SELECT NULL, writer, 99, ts, key_id, blob FROM audit_content LIMIT 1",
    "extra entry": (
        "INSERT INTO audit_record SELECT writer, 99, ts, request_id, stage, layer, tenant, key_id, model,"
        " policy, language, action, conversation, retention, subject, salt, leaf, entry, hits"
        " FROM audit_record LIMIT 1"
    ),
    "swap texts": (
        "UPDATE audit_content SET blob = (SELECT blob FROM audit_content ORDER BY id LIMIT 1)"
        " WHERE id = (SELECT max(id) FROM audit_content)"
    ),
}


@pytest.mark.parametrize("tamper", TAMPERS)
def test_known_tampers_are_found(pristine: AuditSettings, tamper: str) -> None:
    copy = Copy(pristine)
    copy.sql.executescript(TAMPERS[tamper])
    assert not copy.report().ok


def forge(connection: sqlite3.Connection, writer: str, change: Callable[[str], str]) -> Frontier:
    """What somebody with the database, but not the key, can do: rewrite a chain consistently."""
    rows = connection.execute(
        "SELECT seq, entry FROM audit_record WHERE writer = ? ORDER BY seq", (writer,)
    ).fetchall()
    prev, frontier = "", Frontier()
    for seq, entry in rows:
        if prev:
            at = entry.index('"prev":"') + 8
            entry = entry[:at] + prev + entry[at + 64 :]
        entry = change(entry)
        leaf = SHA256.leaf(entry.encode())
        prev = leaf.hex()
        frontier.append(leaf)
        connection.execute(
            "UPDATE audit_record SET entry = ?, leaf = ? WHERE writer = ? AND seq = ?",
            (entry, leaf, writer, seq),
        )
    return frontier


def test_a_consistent_rewrite_fails_against_the_signed_roots(pristine: AuditSettings) -> None:
    copy = Copy(pristine)
    (last,) = copy.sql.execute("SELECT max(writer) FROM audit_record").fetchone()
    forge(copy.sql, last, lambda e: e.replace('"input":3', '"input":4'))
    codes = {p.code for p in copy.report().problems}
    assert codes == {"root_differs"}


def test_a_rewrite_with_the_stolen_key_fails_against_an_old_checkpoint(
    pristine: AuditSettings,
) -> None:
    copy = Copy(pristine)
    (last,) = copy.sql.execute("SELECT max(writer) FROM audit_record").fetchone()
    frontier = forge(copy.sql, last, lambda e: e.replace('"input":3', '"input":4'))
    seed = bytes.fromhex((pristine.directory / "keys" / "signing.key").read_text())
    origin = f"{pristine.origin}/{last}"
    text = Checkpoint(origin, frontier.size, frontier.root()).text()
    forged = sign(text, [Signer.from_seed(origin, seed)])
    copy.sql.execute("DELETE FROM audit_checkpoint WHERE writer = ?", (last,))
    copy.sql.execute(
        "INSERT INTO audit_checkpoint VALUES (?, ?, 0, ?)", (last, frontier.size, forged)
    )
    assert copy.report([]).ok  # nobody kept a checkpoint: the thief is undetectable, as documented
    assert {p.code for p in copy.report().problems} == {"root_differs"}


def test_a_changed_byte_of_an_index_is_found(pristine: AuditSettings, tmp_path: Path) -> None:
    """The table is whole, so every entry verifies, but a search by the id would miss one."""
    data = bytearray(Path(pristine.url.removeprefix("sqlite:///")).read_bytes())
    with sqlite3.connect(pristine.url.removeprefix("sqlite:///")) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        root = "SELECT rootpage FROM sqlite_schema WHERE name = 'audit_record_request'"
        (page,) = connection.execute(root).fetchone()
    connection.close()
    at = data.rindex(b"r1", (page - 1) * size, page * size)
    data[at] ^= 1
    changed = tmp_path / "changed.db"
    changed.write_bytes(data)
    database = connect(str(changed))
    report = verify_database(database, own_keys(pristine))
    database.close()
    assert {p.code for p in report.problems} == {"damaged"}
    assert "audit_record_request" in report.problems[0].text.en


async def test_an_unsigned_tail_is_pending_and_its_rewrite_is_not_claimed_to_be_found(
    settings: AuditSettings,
) -> None:
    log = await filled(settings, 2)
    await log.healthy()
    report = check(settings)
    assert report.ok
    assert [(c.integrated, c.pending) for c in report.chains] == [(0, 5)]
    await log.close()


async def test_a_dead_tail_is_covered_by_the_next_writer(settings: AuditSettings) -> None:
    first = await filled(dataclasses.replace(settings, checkpoint_seconds=3600), 2)
    second = await AuditLog.open(settings)
    await second.close()
    chains = {c.writer: c for c in check(settings).chains}
    assert (chains[first.writer_id].covered, chains[first.writer_id].pending) == (5, 0)
    with sqlite3.connect(settings.url.removeprefix("sqlite:///")) as connection:
        forge(connection, first.writer_id, lambda e: e.replace('"input":3', '"input":4'))
    connection.close()
    assert {p.code for p in check(settings).problems} == {"peer_differs"}
    await first.close()


def append_tombstone(settings: AuditSettings, places: list[list[object]], *, old: bool) -> None:
    """As somebody would who can write to the database and has no signing key."""
    with sqlite3.connect(settings.url.removeprefix("sqlite:///")) as connection:
        last = "SELECT writer, seq, leaf FROM audit_record ORDER BY writer DESC, seq DESC LIMIT 1"
        writer, seq, leaf = connection.execute(last).fetchone()
        detail = {"verb": "erase", "actor": "proxy", "reason": "content_days", "places": places}
        stamp = now_us() - (UNSIGNED_US + 1_000_000 if old else 0)
        made = make_record(Record(stage=Stage.ERASED, detail=detail), ts_us=stamp, hasher=SHA256)
        line = entry_of(
            made.event, prev=leaf, seq=seq + 1, ts_us=stamp, writer=writer, spooled=False
        )
        names = ("writer", "seq", "ts", "leaf", "entry", "hits", *COLUMN_NAMES)
        values = (writer, seq + 1, stamp, SHA256.leaf(line), line.decode(), 0, *made.columns)
        marks = ",".join("?" * len(names))
        connection.execute(f"INSERT INTO audit_record ({','.join(names)}) VALUES ({marks})", values)
        connection.execute("DELETE FROM audit_content")
        connection.execute("UPDATE audit_record SET salt = NULL, subject = NULL")
    connection.close()


async def test_checkpoints_that_were_removed_are_missed(
    settings: AuditSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All entries were pending then, which is a number and no finding."""
    log = await filled(settings, 3)
    await log.close()
    later = now_us() + 2 * UNSIGNED_US
    monkeypatch.setattr("threegate.audit.verify.verifier.now_us", lambda: later)
    assert check(settings).ok
    connection = sqlite3.connect(settings.url.removeprefix("sqlite:///"))
    with connection:
        connection.execute("DELETE FROM audit_checkpoint")
    connection.close()
    shutil.rmtree(settings.directory / "checkpoints")
    assert [(p.seq, p.code) for p in check(settings).problems] == [(0, "unsigned")]


async def test_a_forged_tombstone_behind_the_end_of_a_chain_is_found(
    settings: AuditSettings,
) -> None:
    log = await filled(settings, 3)
    await log.close()
    (chain,) = check(settings).chains
    append_tombstone(settings, [[chain.writer, 0, 99]], old=False)
    assert [p.code for p in check(settings).problems] == ["after_close"]


async def test_a_forged_tombstone_of_a_writer_that_died_is_found_when_it_is_old(
    settings: AuditSettings,
) -> None:
    log = await filled(dataclasses.replace(settings, checkpoint_seconds=3600), 3)
    copy = dataclasses.replace(settings, url=f"sqlite:///{settings.directory}/copy.db")
    with (
        sqlite3.connect(settings.url.removeprefix("sqlite:///")) as source,
        sqlite3.connect(copy.url.removeprefix("sqlite:///")) as target,
    ):
        source.backup(target)
    await log.close()
    append_tombstone(copy, [[log.writer_id, 0, 99]], old=True)
    database = connect(copy.url)
    report = verify_database(database, own_keys(copy))
    database.close()
    assert [p.code for p in report.problems] == ["tombstone_unsigned"]


def test_without_a_key_nothing_is_claimed(pristine: AuditSettings) -> None:
    database = connect(pristine.url)
    report = verify_database(database, [])
    database.close()
    assert [p.code for p in report.problems] == ["no_key"]
    assert all(c.integrated == 0 for c in report.chains)


def test_a_key_of_somebody_else_is_refused(pristine: AuditSettings) -> None:
    stranger = Signer.from_seed(pristine.origin, bytes(32)).verifier
    database = connect(pristine.url)
    report = verify_database(database, [stranger])
    database.close()
    assert {p.code for p in report.problems} == {"checkpoint_unsigned"}


def test_a_file_cut_short_does_not_verify(pristine: AuditSettings, tmp_path: Path) -> None:
    path = tmp_path / "cut.db"
    whole = Path(pristine.url.removeprefix("sqlite:///")).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AuditError):
        verify_database(connect(str(path)), own_keys(pristine))


@hypothesis_settings(cases(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_random_flips_anywhere_are_found(pristine: AuditSettings, seed: int) -> None:
    copy, dice = Copy(pristine), random.Random(seed)
    table = dice.choice(list(COLUMNS))
    column = dice.choice(COLUMNS[table])
    rowid, value = dice.choice(copy.sql.execute(f"SELECT rowid, {column} FROM {table}").fetchall())
    copy.sql.execute(
        f"UPDATE OR REPLACE {table} SET {column} = ? WHERE rowid = ?", (flipped(value, dice), rowid)
    )
    assert not copy.report().ok, (table, column, value)
    copy.sql.close()


ANYTHING = (
    st.none() | st.integers(-(2**62), 2**62) | st.floats() | st.text() | st.binary(max_size=40)
)


@given(data=st.data())
def test_whatever_stands_in_a_cell_is_a_finding_not_a_crash(
    pristine: AuditSettings, data: st.DataObject
) -> None:
    copy = Copy(pristine)
    copy.sql.execute("PRAGMA ignore_check_constraints=ON")
    table = data.draw(st.sampled_from(sorted(COLUMNS)))
    column = data.draw(st.sampled_from(COLUMNS[table]))
    rows = copy.sql.execute(f"SELECT rowid, {column} FROM {table}").fetchall()
    rowid, old = data.draw(st.sampled_from(rows))
    new = data.draw(ANYTHING)
    change = f"UPDATE OR REPLACE {table} SET {column} = ? WHERE rowid = ?"
    try:
        copy.sql.execute(change, (new, rowid))
    except sqlite3.IntegrityError:  # NOT NULL
        return
    (stored,) = copy.sql.execute(
        f"SELECT {column} FROM {table} WHERE rowid = ?", (rowid,)
    ).fetchone()
    assert copy.report().ok is (stored == old and type(stored) is type(old))
    copy.sql.close()


DETAILS = st.recursive(
    st.none() | st.integers(-(2**62), 2**62) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["verb", "places", "keys", "peers", "algorithm", "leaf", "size", "writer"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@given(
    event=DETAILS,
    stage=st.sampled_from(["erased", "writer", "received"]),
    seq=st.sampled_from([0, 2]),
)
def test_whatever_an_entry_says_is_a_finding_not_a_crash(
    pristine: AuditSettings, event: object, stage: str, seq: int
) -> None:
    copy = Copy(pristine)
    entry = canonical({"event": {"detail": event}, "seq": seq})
    change = "UPDATE audit_record SET entry = ?, leaf = ?, stage = ? WHERE seq = ?"
    copy.sql.execute(change, (entry.decode(), SHA256.leaf(entry), stage, seq))
    assert not copy.report().ok
    copy.sql.close()


@pytest.mark.slow
async def test_ten_thousand_random_flips_in_a_large_log(settings: AuditSettings) -> None:
    """A hundred passes over 20,000 entries with a hundred changed ones each; every one is named."""
    log = await AuditLog.open(settings)
    for start in range(0, 20_000, 100):
        await asyncio.gather(*(log.append(record(f"r{start + n}")) for n in range(100)))
    await log.close()
    original, dice = Copy(settings), random.Random(23)
    names = [c for c in COLUMNS["audit_record"] if c not in ("writer", "seq")]
    for _ in range(100):
        chosen = set(dice.sample(range(1, 20_000), 100))
        original.sql.execute("BEGIN")
        for seq in chosen:
            column = dice.choice(names)
            row = original.sql.execute(f"SELECT {column} FROM audit_record WHERE seq = ?", (seq,))
            change = f"UPDATE audit_record SET {column} = ? WHERE seq = ?"
            original.sql.execute(change, (flipped(row.fetchone()[0], dice), seq))
        assert chosen <= {p.seq for p in original.report().problems}
        original.sql.rollback()


def test_a_log_name_owns_its_writers_only() -> None:
    assert belongs("a/audit/w1", "a/audit")
    assert belongs("a/audit/sm3/w1", "a/audit")
    assert not belongs("a/audit", "a/audit")
    assert not belongs("a/audit/x/w1", "a/audit")
    assert not belongs("a/auditor/w1", "a/audit")
