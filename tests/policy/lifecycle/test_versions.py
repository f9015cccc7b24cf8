"""Versions in a database: written once, four eyes across connections, activation seen by every store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, update
from threegate.errors import PolicyError
from threegate.policy.facade import check
from threegate.policy.kinds import KINDS
from threegate.policy.language.load import DictTree
from threegate.policy.lifecycle.approval import Refused
from threegate.policy.lifecycle.commands import Activate, Approve, Event, RollBack, Submit
from threegate.policy.lifecycle.people import Person, Role
from threegate.policy.lifecycle.store import DirTree, FolderSource, PolicyStore, VersionSource
from threegate.policy.lifecycle.versions import EVENTS, VERSIONS, Versions

from tests.policy.packs import GOOD, TODAY, checked, spoiled

from .test_store import put

ANN = Person("ann", frozenset({Role.EDITOR, Role.APPROVER}), "privacy")
BOB = Person("bob", frozenset({Role.APPROVER}), "legal")
NOW = "2026-11-25T08:00:00.000+00:00"
LATER = "2026-11-26T09:00:00.000+00:00"
OTHER = GOOD.replace("owner: privacy", "owner: dpo")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return create_engine(f"sqlite:///{tmp_path / 'versions.sqlite3'}", connect_args={"timeout": 10})


@pytest.fixture
def versions(engine: Engine) -> Versions:
    return Versions.open(engine)


def saved(versions: Versions, text: str = GOOD) -> str:
    return versions.save(checked(text), ("shop",), NOW)


def activated(versions: Versions, text: str, base: str = "") -> str:
    digest = saved(versions, text)
    for command, by in (
        (Submit(digest, weaker=False, base=base), ANN),
        (Approve(digest), BOB),
        (Activate(digest), BOB),
    ):
        assert isinstance(versions.act(command, by, NOW), Event)
    return digest


def test_a_version_is_its_content(versions: Versions) -> None:
    digest = saved(versions)
    assert saved(versions) == digest
    assert versions.build(digest).digest == digest
    assert versions.load("none") is None


def test_what_has_errors_is_not_stored(versions: Versions) -> None:
    with pytest.raises(PolicyError):
        saved(versions, spoiled(("pipl.51", "pipl.999")))


def test_damage_is_noticed(versions: Versions, engine: Engine) -> None:
    digest, other = saved(versions), saved(versions, OTHER)
    stored = versions.load(other)
    assert stored is not None
    with engine.begin() as connection:
        files = connection.execute(VERSIONS.select().where(VERSIONS.c.digest == other)).one().files
        connection.execute(update(VERSIONS).where(VERSIONS.c.digest == digest).values(files=files))
    with pytest.raises(PolicyError):
        versions.build(digest)


def test_events_come_back_as_they_were(versions: Versions) -> None:
    digest = saved(versions)
    command = Submit(digest, weaker=True, base="", authors=("eve",), note="为什么")
    event = versions.act(command, ANN, NOW)
    assert versions.events() == (event,)


def test_submitting_what_is_not_stored_is_an_error(versions: Versions) -> None:
    with pytest.raises(PolicyError):
        versions.act(Submit("nothing", weaker=False), ANN, NOW)


def test_many_people_at_once_lose_no_event(versions: Versions) -> None:
    digest = saved(versions)
    versions.act(Submit(digest, weaker=False), ANN, NOW)
    people = [Person(f"p{i}", BOB.roles, "legal") for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda p: versions.act(Approve(digest), p, NOW), people))
    assert all(isinstance(a, Event) for a in answers)
    assert len(versions.state().versions[digest].approvals) == 8


def test_one_of_two_activations_wins(versions: Versions) -> None:
    digests = [saved(versions), saved(versions, OTHER)]
    for digest in digests:
        versions.act(Submit(digest, weaker=False), ANN, NOW)
        versions.act(Approve(digest), BOB, NOW)
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda d: versions.act(Activate(d), BOB, NOW), digests))
    assert sorted(type(a).__name__ for a in answers) == ["Event", "Refused"]


def source(versions: Versions, root: Path, now: str = NOW) -> VersionSource:
    folder = FolderSource(root, ["shop"], lambda: TODAY, KINDS)
    return VersionSource(versions, folder, lambda: now)


def test_every_store_sees_an_activation_and_a_rollback(versions: Versions, tmp_path: Path) -> None:
    put(tmp_path / "policies")
    stores = [
        PolicyStore.of(source(versions, tmp_path / "policies"), tmp_path / name) for name in "ab"
    ]
    first = activated(versions, OTHER)
    for store in stores:
        assert store.changed()
        assert store.reload()
        assert store.pin().digest == first
    second = activated(versions, GOOD.replace("owner: privacy", "owner: chief"), base=first)
    assert [store.reload() for store in stores] == [True, True]
    assert {store.pin().digest for store in stores} == {second}
    assert isinstance(versions.act(RollBack(), BOB, NOW), Event)
    assert [store.reload() for store in stores] == [True, True]
    assert {store.pin().digest for store in stores} == {first}
    assert not stores[0].changed()


def test_the_folder_is_a_draft_once_a_version_is_active(versions: Versions, tmp_path: Path) -> None:
    put(tmp_path / "policies")
    digest = activated(versions, GOOD)
    store = PolicyStore.of(source(versions, tmp_path / "policies"), tmp_path / "state")
    put(tmp_path / "policies", OTHER)
    assert not store.changed()
    assert store.pin().digest == digest


def test_an_emergency_ends_by_itself(versions: Versions, tmp_path: Path) -> None:
    put(tmp_path / "policies")
    proper = activated(versions, GOOD)
    urgent = saved(versions, OTHER)
    versions.act(Submit(urgent, weaker=True, base=proper), ANN, NOW)
    versions.act(Activate(urgent, emergency=True, reason="attack"), BOB, NOW)
    during, after = (
        PolicyStore.of(source(versions, tmp_path / "policies", now), tmp_path / now[:13]).pin()
        for now in (NOW, LATER)
    )
    assert (during.digest, after.digest) == (urgent, proper)


def test_four_eyes_hold_in_the_database(versions: Versions) -> None:
    digest = saved(versions)
    versions.act(Submit(digest, weaker=False), ANN, NOW)
    answer = versions.act(Approve(digest), ANN, NOW)
    assert isinstance(answer, Refused)
    assert answer.code == "own-work"
    assert len(versions.events()) == 1


def test_a_shipped_pack_makes_the_round_trip(versions: Versions) -> None:
    folder = DirTree(Path(__file__).parents[3] / "policies")
    digest = versions.save(check(folder, ["cn-gbt45654"]), ("cn-gbt45654",), NOW)
    stored = versions.load(digest)
    assert stored is not None
    assert check(DictTree(stored.files), stored.packs).policies == versions.build(digest)


def test_a_lost_version_stops_a_start_but_not_a_replacement(
    versions: Versions, engine: Engine, tmp_path: Path
) -> None:
    put(tmp_path / "policies")
    digest = activated(versions, GOOD)
    PolicyStore.of(source(versions, tmp_path / "policies"), tmp_path / "state")
    with engine.begin() as connection:
        connection.execute(VERSIONS.delete())
    lost = source(versions, tmp_path / "policies")
    with pytest.raises(PolicyError):
        PolicyStore.of(lost, tmp_path / "state")
    again = PolicyStore.of(lost, tmp_path / "state", last_good=True)
    assert again.pin().digest == digest


def test_a_look_reads_what_is_new_and_all_of_a_restored_database(
    versions: Versions, engine: Engine
) -> None:
    watching = Versions(engine)
    first = activated(versions, GOOD)
    assert watching.state().active(NOW) == watching.seen.active(NOW)
    second = activated(versions, OTHER, first)
    assert watching.seen.active(NOW).digest == first  # type: ignore[union-attr]
    assert watching.state().active(NOW).digest == second  # type: ignore[union-attr]
    with engine.begin() as connection:
        connection.execute(EVENTS.delete().where(EVENTS.c.seq > 3))
    assert watching.state().active(NOW).digest == first  # type: ignore[union-attr]
