from __future__ import annotations

from pathlib import Path

import pytest
from threegate.audit import ContentLevel
from threegate.audit.log.chain import SHA256
from threegate.audit.log.keys import MasterKey
from threegate.audit.log.rows import PendingRecord, make_record
from threegate.audit.log.spool import Spool
from threegate.errors import AuditError

from tests.audit.conftest import SECRET, TEXT, content, record

MASTER = MasterKey(bytes(32))
KEY = MASTER.new_data_key("retail", "2026-11-25")


def item(request: str) -> PendingRecord:
    return make_record(
        record(request, subject="u1"),
        content(),
        ts_us=5,
        mono_us=1,
        level=ContentLevel.FULL,
        key=KEY,
        pseudonym=MASTER.pseudonym("retail", "u1"),
        hasher=SHA256,
    )


def spool(directory: Path, name: str = "w1", max_bytes: int = 1 << 20) -> Spool:
    return Spool(directory, name, MASTER, max_bytes)


def test_items_come_back_as_they_were_but_marked(tmp_path: Path) -> None:
    kept = [item("a"), item("b")]
    writing = spool(tmp_path)
    writing.append(kept)
    ((back, path),) = writing.pending()
    for was, now in zip(kept, back, strict=True):
        assert now.spooled
        same = ("event_id", "event", "ts_us", "columns", "subject", "salt", "hits", "blob", "terms")
        assert [getattr(now, n) for n in same] == [getattr(was, n) for n in same]
        assert now.key == was.key
    data = path.read_bytes()
    assert SECRET.encode() not in data
    assert TEXT.encode() not in data
    assert data.count(b"\n") == 2
    writing.drop(path)
    assert list(writing.pending()) == []


@pytest.mark.parametrize("cut", [1, 10, 200])
def test_a_torn_line_is_counted_and_the_rest_read(tmp_path: Path, cut: int) -> None:
    writing = spool(tmp_path)
    writing.append([item("a"), item("b")])
    writing.close()
    path = tmp_path / "w1.spool"
    path.write_bytes(path.read_bytes()[:-cut])
    reading = spool(tmp_path, "w2")
    ((items, _),) = reading.pending()
    whole = cut == 1  # only the line's end is missing, the checksum holds
    assert len(items) == (2 if whole else 1)
    assert reading.torn == (0 if whole else 1)


def test_a_changed_line_is_not_replayed(tmp_path: Path) -> None:
    writing = spool(tmp_path)
    writing.append([item("a")])
    writing.close()
    path = tmp_path / "w1.spool"
    path.write_bytes(path.read_bytes().replace(b'"ts":5', b'"ts":6'))
    reading = spool(tmp_path, "w2")
    assert [items for items, _ in reading.pending()] == [[]]
    assert reading.torn == 1


def test_a_living_writers_spool_is_left_alone(tmp_path: Path) -> None:
    alive = spool(tmp_path)
    alive.append([item("a")])
    assert list(spool(tmp_path, "w2").pending()) == []
    alive.close()
    assert len(list(spool(tmp_path, "w2").pending())) == 1


def test_a_full_spool_refuses(tmp_path: Path) -> None:
    small = spool(tmp_path, max_bytes=10)
    with pytest.raises(AuditError, match="full"):
        small.append([item("a")])
    small.close()
    assert (tmp_path / "w1.spool").read_bytes() == b""


def test_a_folder_that_cannot_be_read_has_no_room(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file in its place")
    assert not spool(tmp_path / "spool").has_room()
