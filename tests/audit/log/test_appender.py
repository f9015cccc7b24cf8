from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from sqlalchemy import event, select
from threegate.audit import AuditSettings, ContentLevel, migrations
from threegate.audit.log import appender as appender_module
from threegate.audit.log.appender import Appender
from threegate.audit.log.chain import SHA256, ZERO
from threegate.audit.log.database import writer_engine
from threegate.audit.log.keys import MasterKey
from threegate.audit.log.rows import PendingRecord, make_record
from threegate.audit.log.schema import CHECKPOINT, HIT, KEY, RECORD

from tests.audit.conftest import content, record

DATA_KEY = MasterKey(bytes(32)).new_data_key("retail", "2026-11-25")
DETAIL = {"algorithm": "sha256", "origin": "log", "key": "k"}


def item(request_id: str) -> PendingRecord:
    return make_record(
        record(request_id),
        content(),
        ts_us=1,
        mono_us=1,
        level=ContentLevel.REDACTED,
        key=DATA_KEY,
        pseudonym="",
        hasher=SHA256,
    )


@pytest.fixture
def appender(settings: AuditSettings) -> Iterator[Appender]:
    engine = writer_engine(settings.url)
    migrations.upgrade(engine)
    made = Appender(engine, "w1", SHA256, DETAIL, index=True)
    made.open()
    yield made
    made.close()
    engine.dispose()


def test_the_chain_moves_on_with_a_commit(appender: Appender) -> None:
    receipts = appender.commit([item("a"), item("b")])
    assert [r.seq for r in receipts] == [1, 2]
    with appender.engine.begin() as connection:
        rows = connection.execute(select(RECORD.c.leaf, RECORD.c.entry).order_by(RECORD.c.seq))
        leaves = [(bytes(row.leaf), row.entry) for row in rows]
    assert f'"prev":"{ZERO.hex()}"' in leaves[0][1]
    assert all(f'"prev":"{a.hex()}"' in b for (a, _), (_, b) in pairwise(leaves))
    assert [leaf for leaf, _ in leaves[1:]] == [r.leaf for r in receipts]


def test_commits_close_together_share_a_connection(
    appender: Appender, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = list[object]()
    event.listen(appender.engine, "checkout", lambda driver, *_: taken.append(driver))
    monkeypatch.setattr(appender_module, "KEEP_SECONDS", 3600)
    appender.commit([item("a")])
    taken.clear()
    appender.commit([item("b")])
    assert not taken
    appender.release()
    appender.commit([item("c")])
    assert len(taken) == 1
    monkeypatch.setattr(appender_module, "KEEP_SECONDS", -1)
    appender.commit([item("d")])
    appender.commit([item("e")])  # an idle while later it is asked for anew
    assert len(taken) == 2
    assert appender.engine.pool.checkedout() == 1


def test_a_failed_commit_gives_its_connection_back(appender: Appender) -> None:
    with pytest.raises(ZeroDivisionError), appender.transaction():
        raise ZeroDivisionError
    assert appender.engine.pool.checkedout() == 0
    assert appender.commit([item("a")])


def test_it_stays_where_it_was_after_a_commit_that_failed(appender: Appender) -> None:
    twice = [item("a"), item("a")]
    with appender.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit_hit_set RENAME TO away")
    with pytest.raises(Exception, match="audit_hit_set"):
        appender.commit(twice)
    assert appender.size == 1
    with appender.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO audit_hit_set")
    assert [r.seq for r in appender.commit(twice)] == [1, 2]


def test_records_with_the_same_hits_share_one_set(appender: Appender) -> None:
    other = Appender(appender.engine, "w2", SHA256, DETAIL, index=True)
    other.open()
    for writer in (appender, other, appender):  # the second one does not know what the first stored
        writer.commit([item("a"), item("b")])
    other.close()
    with appender.engine.begin() as connection:
        sets = connection.execute(select(HIT.c.id, HIT.c.n).order_by(HIT.c.n)).all()
        named = connection.execute(select(RECORD.c.hits).distinct()).scalars().all()
    assert [n for _, n in sets] == [0, 1]
    assert set(named) == {0, sets[0].id}  # a writer's own records have none


def test_what_was_stored_unseen_is_read_back(appender: Appender) -> None:
    appender.commit([item("a"), item("b")])
    other = Appender(appender.engine, "w1", SHA256, DETAIL, index=True)
    with appender.engine.begin() as connection:
        other.read_back(connection)
    assert other.frontier.root() == appender.frontier.root()
    assert [r.seq for r in other.commit([item("c")])] == [3]
    with appender.engine.begin() as connection:
        assert len(connection.execute(select(KEY.c.id)).all()) == 1


def test_of_a_spool_only_what_is_not_there_is_written(appender: Appender) -> None:
    stored, fresh = item("a"), item("b")
    appender.commit([stored])
    assert appender.absent([stored, fresh]) == [fresh]


def test_a_checkpoint_is_stored_once(appender: Appender) -> None:
    for _ in range(2):
        appender.store_checkpoint(1, 7, "note")
    with appender.engine.begin() as connection:
        assert connection.execute(select(CHECKPOINT)).all() == [("w1", 1, 7, "note")]


def test_a_new_writer_names_the_heads_of_the_others(appender: Appender) -> None:
    last = appender.commit([item("a")])[-1]
    other = Appender(appender.engine, "w2", SHA256, DETAIL, index=True)
    other.open()
    other.close()
    with appender.engine.begin() as connection:
        first = select(RECORD.c.entry).where(RECORD.c.writer == "w2")
        opened = connection.execute(first).scalar_one()
    assert f'"leaf":"{last.leaf.hex()}","size":2,"writer":"w1"' in opened
