"""The chain without its thread: what becomes of records while the database is away."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import make_url
from threegate.audit import AuditSettings, OnFailure
from threegate.audit.log.append_queue import Receipt
from threegate.audit.log.database import writer_engine
from threegate.audit.log.kept_chain import KeptChain, new_writer_id
from threegate.audit.log.log_keys import load_master, load_publisher
from threegate.audit.log.rows import PendingRecord
from threegate.errors import AuditError

from tests.audit.conftest import check
from tests.audit.log.test_appender import item


@pytest.fixture
def chain(settings: AuditSettings) -> Iterator[KeptChain]:
    writer_id, engine = new_writer_id(), writer_engine(settings.url)
    master, publisher = load_master(settings), load_publisher(settings, writer_id)
    made = KeptChain(settings, engine, publisher, master, writer_id)
    made.attempt_upkeep()
    yield made
    made.appender.close()
    made.spool.close()
    engine.dispose()


def allowed(request_id: str, on_failure: OnFailure) -> PendingRecord:
    """Without a text: the key of `item` is of another master key."""
    made = item(request_id)
    return dataclasses.replace(made, on_failure=on_failure, key=None, blob=b"", terms="")


def test_a_record_has_its_place_once_it_is_written(chain: KeptChain) -> None:
    results, probed = chain.write([item("r1"), item("r2")], probe=True)
    first, second = results
    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)
    assert (first.seq, second.seq) == (1, 2)  # after the chain's own first entry
    assert probed == Receipt("", chain.id)
    assert (chain.counters.records, chain.counters.batches) == (2, 1)


def test_each_record_goes_its_own_way_while_the_database_is_away(
    chain: KeptChain, settings: AuditSettings
) -> None:
    path = make_url(settings.url).database
    assert path is not None
    chain.appender.release()
    with closing(sqlite3.connect(path)) as other:
        other.execute("ALTER TABLE audit_record RENAME TO audit_elsewhere")
        other.commit()
        ways = (OnFailure.FAIL_REQUEST, OnFailure.CONTINUE, OnFailure.SPOOL)
        waiting = [allowed(way.value, way) for way in ways]
        (failed, lost, spooled), probed = chain.write(waiting, probe=True)
        assert isinstance(failed, AuditError)
        assert isinstance(probed, AuditError)
        assert isinstance(lost, Receipt)
        assert isinstance(spooled, Receipt)
        assert (lost.lost, spooled.spooled) == (True, True)
        assert chain.is_away
        other.execute("ALTER TABLE audit_elsewhere RENAME TO audit_record")
        other.commit()
    _, probed = chain.write([], probe=True)  # also replays what was spooled
    assert isinstance(probed, Receipt)
    assert not chain.is_away
    assert (chain.counters.lost, chain.counters.replayed) == (1, 1)


def test_a_finished_chain_is_signed_to_its_end(chain: KeptChain, settings: AuditSettings) -> None:
    chain.write([item("r1")], probe=False)
    chain.finish()
    report = check(settings)
    assert report.ok, report.problems[:3]
    assert [c.pending for c in report.chains] == [0]
    assert chain.counters.checkpoints == 1
