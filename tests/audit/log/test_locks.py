from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine
from threegate.audit import AuditSettings
from threegate.audit.log.database import writer_engine
from threegate.audit.log.locks import Liveness

from tests.waiting import eventually


def seen_by(engine: Engine, other: Liveness, writer: str) -> bool:
    with engine.connect() as connection:
        return other.gone(connection, writer)


@pytest.mark.parametrize(
    "kind", ["settings", pytest.param("postgres_settings", marks=pytest.mark.postgres)]
)
def test_a_writer_is_there_until_it_lets_go(kind: str, request: pytest.FixtureRequest) -> None:
    settings: AuditSettings = request.getfixturevalue(kind)
    engines = [writer_engine(settings.url) for _ in range(2)]
    first, second = (Liveness(e, w) for e, w in zip(engines, ("w1", "w2"), strict=True))
    with engines[0].connect():
        first.hold()
        assert not seen_by(engines[1], second, "w1")
        assert seen_by(engines[1], second, "w3")
    assert not seen_by(engines[1], second, "w1")  # its connection is in the pool
    first.release()
    engines[0].dispose()
    assert eventually(lambda: seen_by(engines[1], second, "w1"))  # the server lets go in its time
    second.release()
    engines[1].dispose()


def test_what_a_dead_process_left_is_seen_and_forgotten(settings: AuditSettings) -> None:
    engine = writer_engine(settings.url)
    left = Path(settings.url.removeprefix("sqlite:///") + ".live") / "w1"
    left.parent.mkdir()
    left.touch()
    mine = Liveness(engine, "w2")
    assert seen_by(engine, mine, "w1")
    mine.forget("w1")
    assert not left.exists()
    assert seen_by(engine, mine, "w1")
    engine.dispose()
