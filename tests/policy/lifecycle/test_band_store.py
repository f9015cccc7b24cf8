"""Counts of several processes are one share; a stop is made once and lasts until it is taken back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url
from threegate.audit.log.database import writer_engine
from threegate.policy.lifecycle.band_store import KEPT_MINUTES, BandStore, banded
from threegate.policy.lifecycle.bands import BandMinute, BandSide, Count
from threegate.policy.model import Band, Binding, CompiledPolicy, Detect, PolicySet, Rule, Selector
from threegate.types import Action, Bilingual, Channel, Layer

from tests.e2e.support.fleet import POSTGRES, a_database

NOW, MINUTE = "2026-11-25T08:00:00.000+00:00", 1000
LATER = MINUTE + KEPT_MINUTES + 1
BAND = Band(max=20, min=1, minutes=10, calls=100)
RULE = Rule(
    "names",
    Layer.INPUT,
    Bilingual("姓名", "Names"),
    frozenset({Channel.USER}),
    Action.MASK,
    Detect(any=("pii.person",)),
    band=BAND,
)


def policies(digest: str = "p") -> PolicySet:
    policy = CompiledPolicy(digest, "test", rules=(RULE,), banded=(RULE,))
    return PolicySet("set", (Binding(Selector(tenant=("a",)), policy), Binding(Selector(), policy)))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'bands.sqlite3'}"
        if request.param == "postgres":
            if not POSTGRES:
                pytest.skip("THREEGATE_TEST_POSTGRES names no server")
            database = stack.enter_context(a_database())
            url = make_url(POSTGRES).set(database=database).render_as_string(hide_password=False)
        made = writer_engine(url)
        stack.callback(made.dispose)
        yield made


def added(store: BandStore, calls: int, acted: int, minute: int = MINUTE) -> None:
    store.add({BandMinute("p", "names", minute): Count(calls, acted)})


def test_two_processes_have_one_share(engine: Engine) -> None:
    one, two = BandStore.open(engine, "one"), BandStore.open(engine, "two")
    for store in (one, two):
        added(store, 30, 3)
        added(store, 20, 2)
    assert (
        one.count("p", "names", MINUTE, MINUTE)
        == two.count("p", "names", MINUTE, MINUTE)
        == Count(100, 10)
    )
    assert one.count("q", "names", MINUTE, MINUTE) == Count()


def test_minutes_of_a_clock_that_was_ahead_do_not_count(engine: Engine) -> None:
    store = BandStore.open(engine, "one")
    added(store, 100, 100, MINUTE + 500)
    added(store, 100, 10)
    assert store.look(policies(), NOW, MINUTE) == ()


def test_old_minutes_do_not_count_and_are_forgotten(engine: Engine) -> None:
    store = BandStore.open(engine, "one")
    added(store, 100, 100)
    assert store.look(policies(), NOW, MINUTE + BAND.minutes) == ()
    added(store, 1, 0, LATER)
    assert store.count("p", "names", 0, LATER) == Count(1, 0)
    store.add({})
    assert store.count("p", "names", 0, LATER) == Count(1, 0)


@pytest.mark.parametrize(("acted", "side"), [(21, BandSide.ABOVE), (0, BandSide.BELOW)])
def test_what_leaves_its_band_is_told_once(engine: Engine, acted: int, side: BandSide) -> None:
    stores = [BandStore.open(engine, name) for name in ("one", "two", "three")]
    added(stores[0], 100, acted)
    (left,) = stores[0].look(policies(), NOW, MINUTE)
    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(lambda s: s.put(left), stores)) == [False, False, True]
    assert (left.rule, left.side, left.count) == ("names", side, Count(100, acted))
    assert all(s.left(policies()) == (left,) for s in stores)
    assert stores[1].look(policies(), NOW, MINUTE) == ()


def test_another_policy_has_its_own_counts(engine: Engine) -> None:
    store = BandStore.open(engine, "one")
    added(store, 100, 100)
    assert store.look(policies("q"), NOW, MINUTE) == ()
    assert len(store.look(policies(), NOW, MINUTE)) == 1
    assert store.left(policies("q")) == ()


def test_a_rule_that_acts_again_is_counted_from_nothing(engine: Engine) -> None:
    store = BandStore.open(engine, "one")
    added(store, 100, 100)
    assert store.put(store.look(policies(), NOW, MINUTE)[0])
    assert store.resume("p", "names")
    assert not store.resume("p", "names")
    assert store.left(policies()) == ()
    assert store.look(policies(), NOW, MINUTE) == ()
    added(store, 100, 100)
    assert [e.side for e in store.look(policies(), NOW, MINUTE)] == [BandSide.ABOVE]


def test_each_rule_with_a_band_is_looked_at_once() -> None:
    assert [*banded(policies())] == [("p", "names", BAND)]
    plain = CompiledPolicy("q", "test", rules=(replace(RULE, band=None),))
    assert [*banded(PolicySet("set", (Binding(Selector(), plain),)))] == []
