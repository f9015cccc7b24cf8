"""Keys in a database: what one process does counts in the others a second later."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import OperationalError
from threegate.audit.log.database import writer_engine
from threegate.gateway.access.auth import KEY_PREFIX
from threegate.gateway.access.auth_db import FRESH_S, KeyDatabase
from threegate.types import Caller

from tests.e2e.support.fleet import POSTGRES, a_database
from tests.gateway.access.test_auth import refused


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float = FRESH_S) -> None:
        self.now += seconds


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'keys.sqlite3'}"
        if request.param == "postgres":
            if not POSTGRES:
                pytest.skip("THREEGATE_TEST_POSTGRES names no server")
            database = stack.enter_context(a_database())
            url = make_url(POSTGRES).set(database=database).render_as_string(hide_password=False)
        made = writer_engine(url)
        stack.callback(made.dispose)
        yield made


def opened(engine: Engine, clock: Clock, **given: bool) -> KeyDatabase:
    table = KeyDatabase.open(engine, **given)
    table.clock = clock
    return table


async def test_a_key_and_its_end_reach_the_others_within_a_second(engine: Engine) -> None:
    clock = Clock()
    ours, theirs = opened(engine, clock), opened(engine, clock)
    assert await ours.admit("anything") == Caller()
    key, secret = theirs.add("bank")
    clock.wait()
    assert await ours.admit(secret) == Caller(tenant="bank", key_id=key.id)
    for wrong in ("", secret[:-1], secret.upper(), key.sha256, "\udcff"):
        assert await refused(ours, wrong)
    assert theirs.revoke(key.id)
    assert await ours.admit(secret)
    clock.wait()
    assert await refused(ours, secret)
    assert not ours.open_to_all
    assert not theirs.revoke("key_none")


async def test_required_keys_and_keys_that_are_over(engine: Engine) -> None:
    table = opened(engine, Clock(), required=True)
    assert await refused(table, "")
    _, secret = table.add("a", "2001-01-01")
    assert await refused(table, secret)
    _, secret = table.add("a", "2999-01-01")
    assert (await table.admit(secret)).tenant == "a"


async def test_many_calls_look_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    table, looks = opened(engine, Clock()), []
    _, secret = table.add("a")
    monkeypatch.setattr(KeyDatabase, "look", lambda self: looks.append(1))
    await asyncio.gather(*(table.admit(secret) for _ in range(50)))
    assert len(looks) == 1


async def test_known_keys_count_while_the_database_is_away(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    table = opened(engine, clock)
    key, secret = table.add("a")

    def away(self: KeyDatabase) -> None:
        raise OperationalError("select", {}, Exception("away"))

    with monkeypatch.context() as patch:
        patch.setattr(KeyDatabase, "look", away)
        for _ in range(2):
            clock.wait()
            assert (await table.admit(secret)).key_id == key.id
            assert await refused(table, "tg-other")
        assert caplog.text.count("API keys cannot be read (OperationalError)") == 1
    opened(engine, clock).revoke(key.id)
    clock.wait()
    assert await refused(table, secret)


def test_the_table_holds_no_secret(engine: Engine) -> None:
    table = KeyDatabase.open(engine)
    _, secret = table.add("a")
    with engine.connect() as connection:
        stored = str(connection.execute(text("select * from api_key")).all())
    assert secret not in stored
    assert secret.removeprefix(KEY_PREFIX) not in stored
    assert secret not in repr(table)
