"""Each record arrives at a real receiver at least once, whoever dies in between, and no call waits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from threegate.audit import AuditLog, AuditSettings, Stage
from threegate.audit.feeds import feed as feed_module
from threegate.audit.feeds.feed import Feed
from threegate.audit.feeds.reader import FeedPositions, fresh, heads
from threegate.audit.feeds.sinks import Otlp, Sink, Syslog, message
from threegate.audit.log.database import reader_engine, writer_engine
from threegate.audit.log.locks import alone

from tests.audit.conftest import SECRET, content, filled, record
from tests.audit.feeds.receivers import SyslogReceiver, certificate, collector, syslog
from tests.waiting import eventually


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "LOOK_S", 0.02)
    monkeypatch.setattr(feed_module, "RETRY_S", (0.02, 0.1))
    monkeypatch.setattr(feed_module, "LOCK_S", 0.05)


@contextmanager
def feeding(
    settings: AuditSettings, tmp_path: Path, sink: Sink, name: str = "siem"
) -> Iterator[Feed]:
    positions = create_engine(f"sqlite:///{tmp_path}/positions.db")
    reader = reader_engine(settings.url)
    made = Feed(name, sink, settings.url, reader, FeedPositions.open(positions))
    made.start()
    try:
        yield made
    finally:
        made.stop()
        reader.dispose()
        positions.dispose()


def requests(receiver: SyslogReceiver) -> list[str]:
    events = [json.loads(m.partition(" - {")[2].join(("{", ""))) for m in receiver.messages]
    return [f"{e['metadata']['correlation_uid']} {e['unmapped']['stage']}" for e in events]


def expected(first: int, end: int) -> set[str]:
    return {f"r{n} {stage}" for n in range(first, end) for stage in ("received", "completed")}


async def more(log: AuditLog, first: int, end: int) -> None:
    for n in range(first, end):
        await log.append(record(f"r{n}"), content())
        await log.append(record(f"r{n}", Stage.COMPLETED), content())


async def test_ocsf_arrives_over_tls_in_the_form_of_rfc_5424(
    settings: AuditSettings, tmp_path: Path
) -> None:
    files = certificate(tmp_path)
    log = await filled(settings, 1)
    with syslog(files=files) as receiver:
        sink = Syslog(f"tls://127.0.0.1:{receiver.port}", files[0])
        with feeding(settings, tmp_path, sink):
            await more(log, 1, 3)
            assert eventually(lambda: len(receiver.messages) == 4)
    await log.close()
    assert requests(receiver) == ["r1 received", "r1 completed", "r2 received", "r2 completed"]
    head, _, body = receiver.messages[0].partition(" - ")
    priority, time, host, app, writer, stage = head.split(" ")
    assert (priority, app, stage) == ("<108>1", "threegate", "received")  # log audit, warning
    event = json.loads(body)
    assert (event["class_uid"], event["unmapped"]["writer"]) == (6003, writer)
    assert time.endswith("Z")
    assert host
    assert SECRET not in "".join(receiver.messages)


async def test_a_receiver_that_nobody_vouches_for_gets_nothing(
    settings: AuditSettings, tmp_path: Path
) -> None:
    files = certificate(tmp_path)
    log = await filled(settings, 0)
    with syslog(files=files) as receiver:
        sink = Syslog(f"tls://127.0.0.1:{receiver.port}")
        with feeding(settings, tmp_path, sink) as feed:
            failed: list[str] = []
            feed.count = lambda name, what, number: failed.append(what)
            await more(log, 0, 1)
            assert eventually(lambda: "failed" in failed)
        assert receiver.messages == []
    await log.close()


async def test_a_receiver_that_is_away_gets_all_when_it_is_back(
    settings: AuditSettings, tmp_path: Path
) -> None:
    log = await filled(settings, 0)
    with syslog() as receiver:
        port = receiver.port
        with feeding(settings, tmp_path, Syslog(f"tcp://127.0.0.1:{port}", settle_s=0.05)):
            await more(log, 0, 2)
            assert eventually(lambda: len(receiver.messages) == 4)
    with feeding(settings, tmp_path, Syslog(f"tcp://127.0.0.1:{port}", settle_s=0.05)):
        await more(log, 2, 4)  # no call waits for it
        with syslog(port) as back:
            assert eventually(lambda: expected(2, 4) <= set(requests(back)))
    await log.close()


async def test_what_a_cut_connection_may_have_lost_is_sent_again(
    settings: AuditSettings, tmp_path: Path
) -> None:
    log = await filled(settings, 0)
    with syslog() as receiver:
        sink = Syslog(f"tcp://127.0.0.1:{receiver.port}", settle_s=3600)
        with feeding(settings, tmp_path, sink):
            await more(log, 0, 2)
            assert eventually(lambda: len(receiver.messages) == 4)
            receiver.messages.clear()  # as if it had died with them
            receiver.cut()
            assert eventually(lambda: expected(0, 2) <= set(requests(receiver)))
    await log.close()


async def test_what_is_settled_is_not_sent_again(settings: AuditSettings, tmp_path: Path) -> None:
    log = await filled(settings, 0)
    positions = FeedPositions.open(create_engine(f"sqlite:///{tmp_path}/positions.db"))
    with syslog() as receiver:
        with feeding(settings, tmp_path, Syslog(f"tcp://127.0.0.1:{receiver.port}", settle_s=0)):
            await more(log, 0, 2)
            assert eventually(lambda: len(receiver.messages) == 4)
            assert eventually(lambda: sum((positions.load("siem") or {}).values()) == 5)
        await more(log, 2, 3)
        with feeding(settings, tmp_path, Syslog(f"tcp://127.0.0.1:{receiver.port}", settle_s=0)):
            assert eventually(lambda: len(receiver.messages) >= 6)
    assert requests(receiver).count("r0 received") == 1
    assert set(requests(receiver)) == expected(0, 3)
    await log.close()


async def test_otlp_log_records_wait_for_the_collector(
    settings: AuditSettings, tmp_path: Path
) -> None:
    log = await filled(settings, 0)
    with collector() as made:
        made.status = 503
        with feeding(settings, tmp_path, Otlp(made.url)) as feed:
            failed: list[str] = []
            feed.count = lambda name, what, number: failed.append(what)
            await more(log, 0, 2)
            assert eventually(lambda: failed.count("failed") > 1)
            assert made.records == []
            made.status = 200
            assert eventually(lambda: len(made.records) >= 4)
    await log.close()
    assert made.records[0]["eventName"] == "threegate.audit.received"
    assert SECRET not in json.dumps(made.bodies)


async def test_a_second_process_goes_on_where_the_first_dies(
    settings: AuditSettings, tmp_path: Path
) -> None:
    log = await filled(settings, 0)
    with syslog() as receiver, alone(settings.url, "feed-siem") as mine:
        assert mine
        sink = Syslog(f"tcp://127.0.0.1:{receiver.port}")
        with feeding(settings, tmp_path, sink, "other"), feeding(settings, tmp_path, sink):
            await more(log, 0, 1)
            assert eventually(lambda: len(receiver.messages) == 2)  # of `other` alone
    await log.close()
    assert sorted(requests(receiver)) == ["r0 completed", "r0 received"]


async def test_a_new_feed_begins_now_and_reads_a_new_writer_from_its_first_record(
    settings: AuditSettings,
) -> None:
    log = await filled(settings, 2)
    reader = reader_engine(settings.url)
    with reader.connect() as connection:
        start = heads(connection)
        assert fresh(connection, start).items == []
    await log.close()
    other = await filled(settings, 1)
    with reader.connect() as connection:
        items = fresh(connection, start).items
        stages = [item.entry["event"]["stage"] for item in items]
        assert stages.count("received") == 1
        assert next(i.seq for i in items if i.writer not in start) == 0
        batch = fresh(connection, start, most=2)
        assert (len(batch.items), batch.full) == (2, True)
    reader.dispose()
    await other.close()


async def test_a_feed_of_some_stages_passes_over_the_others(settings: AuditSettings) -> None:
    log = await filled(settings, 3)
    await log.append(record("p", Stage.POLICY))
    reader = reader_engine(settings.url)
    with reader.connect() as connection:
        batch = fresh(connection, {}, (Stage.POLICY.value,))
        assert [item.entry["event"]["stage"] for item in batch.items] == ["policy"]
        assert (dict(batch.reached), batch.full) == (heads(connection), False)
        assert fresh(connection, batch.reached, (Stage.POLICY.value,)).items == []
    reader.dispose()
    await log.close()


async def test_a_message_is_one_line_of_ascii_head_and_json(settings: AuditSettings) -> None:
    log = await filled(settings, 1)
    reader = reader_engine(settings.url)
    with reader.connect() as connection:
        texts = [message(item).decode() for item in fresh(connection, {}).items]
    reader.dispose()
    await log.close()
    assert all("\n" not in text for text in texts)
    assert {text.partition(" ")[0] for text in texts} == {"<108>1", "<110>1"}


async def test_in_postgresql_positions_lie_beside_the_log(
    postgres_settings: AuditSettings, tmp_path: Path
) -> None:
    log = await filled(postgres_settings, 0)
    with collector() as made:
        with feeding(postgres_settings, tmp_path, Otlp(made.url)):
            await more(log, 0, 2)
            assert eventually(lambda: len(made.records) == 4)
        positions = FeedPositions.open(writer_engine(postgres_settings.url))
        positions.save("siem", {"w": 2})
        assert positions.load("siem") == {"w": 2}
        positions.engine.dispose()
    await log.close()
