from __future__ import annotations

from pathlib import Path

import pytest
from threegate.audit import AuditLog, AuditSettings
from threegate.audit.log.chain import SHA256, Algorithm, Frontier
from threegate.audit.log.checkpoint import LATEST, CheckpointShipper, Publisher, writer_origin
from threegate.audit.log.note import Checkpoint, Signer, verify
from threegate.audit.verify.verifier import published_files

from tests.audit.conftest import record

SIGNER = Signer.from_seed("t/audit", bytes(32))


def test_a_checkpoint_is_signed_under_the_writers_name(tmp_path: Path) -> None:
    origin = writer_origin("t/audit", Algorithm.SHA256, "w1")
    publisher = Publisher(origin, SIGNER, tmp_path / "w1")
    frontier = Frontier()
    frontier.append(SHA256.leaf(b"one"))
    note = publisher.sign(frontier)
    text, signed = verify(note, [SIGNER.named(origin).verifier])
    assert Checkpoint.parse(text) == Checkpoint("t/audit/w1", 1, frontier.root())
    assert [v.name for v in signed] == ["t/audit/w1"]
    publisher.publish(1, note)
    publisher.publish(1, note)
    names = {p.name: p.read_text() for p in (tmp_path / "w1").iterdir()}
    assert names == {"000000000001": note, LATEST: note}


def test_another_hash_shows_in_the_name() -> None:
    assert writer_origin("t/audit", Algorithm.SM3, "w1") == "t/audit/sm3/w1"


def test_each_file_is_taken_in_order_under_its_name(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    shipper = CheckpointShipper(f"cp {{path}} {store}/")
    for n in range(3):
        (tmp_path / f"{n}").write_text(f"note {n}")
        shipper.send(tmp_path / f"{n}")
    shipper.close()
    assert {p.name: p.read_text() for p in store.iterdir()} == {
        str(n): f"note {n}" for n in range(3)
    }
    assert shipper.failures == 0


def test_what_failed_is_tried_again_with_the_next(tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    first, second = tmp_path / "w" / "1", tmp_path / "w" / "2"
    first.write_text("one")
    second.write_text("two")
    shipper = CheckpointShipper(f"cp {{path}} {tmp_path}/late/")
    shipper.send(first)
    shipper._pool.submit((tmp_path / "late").mkdir)
    shipper.send(second)
    shipper.close()
    assert shipper.failures == 1
    assert sorted(p.name for p in (tmp_path / "late").iterdir()) == ["1", "2"]


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    shipper = CheckpointShipper(f"echo {{name}} > {tmp_path}/made; touch {tmp_path}/touched")
    shipper.send(tmp_path / "w" / "1")
    shipper.close()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_command_is_a_failure(tmp_path: Path) -> None:
    shipper = CheckpointShipper("threegate-no-such-command {path}")
    shipper.send(tmp_path)
    shipper.close()
    assert shipper.failures == 1


def test_the_log_says_why_without_the_command(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for command in ("false secret", "threegate-no-such-command secret"):
        shipper = CheckpointShipper(command)
        shipper.send(tmp_path / "w" / "1")
        shipper.close()
    assert [r.getMessage() for r in caplog.records] == [
        "audit: checkpoint w/1 was not delivered: exit status 1",
        "audit: checkpoint w/1 was not delivered: threegate-no-such-command: no such file or directory",
    ]


async def test_a_log_hands_over_its_checkpoints(settings: AuditSettings, tmp_path: Path) -> None:
    import dataclasses

    (tmp_path / "away").mkdir()
    settings = dataclasses.replace(settings, publish=f"cp {{path}} {tmp_path}/away/")
    log = await AuditLog.open(settings)
    await log.append(record())
    await log.close()
    taken = sorted(p.read_text() for p in (tmp_path / "away").iterdir())
    assert taken == sorted(p.read_text() for p in published_files(settings)) != []
