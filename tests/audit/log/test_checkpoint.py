from __future__ import annotations

from pathlib import Path

from threegate.audit.log.chain import SHA256, Algorithm, Frontier
from threegate.audit.log.checkpoint import LATEST, Publisher, writer_origin
from threegate.audit.log.note import COSIGNATURE_V1, Checkpoint, Signer, verify

SIGNER = Signer.from_seed("t/audit", bytes(32))
WITNESS = Signer.from_seed("t/witness", bytes([1] * 32), COSIGNATURE_V1)


def test_a_checkpoint_is_signed_under_the_writers_name_and_cosigned(tmp_path: Path) -> None:
    origin = writer_origin("t/audit", Algorithm.SHA256, "w1")
    publisher = Publisher(origin, SIGNER, [WITNESS], tmp_path / "w1")
    frontier = Frontier()
    frontier.append(SHA256.leaf(b"one"))
    note = publisher.sign(frontier, 1_795_000_000)
    text, signed = verify(note, [SIGNER.named(origin).verifier, WITNESS.verifier])
    assert Checkpoint.parse(text) == Checkpoint("t/audit/w1", 1, frontier.root())
    assert [v.name for v in signed] == ["t/audit/w1", "t/witness"]
    publisher.publish(1, note)
    publisher.publish(1, note)
    names = {p.name: p.read_text() for p in (tmp_path / "w1").iterdir()}
    assert names == {"000000000001": note, LATEST: note}


def test_another_hash_shows_in_the_name() -> None:
    assert writer_origin("t/audit", Algorithm.SM3, "w1") == "t/audit/sm3/w1"
