from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from threegate.audit.log.database import writer_engine
from threegate.console.auth.accounts import (
    AccountError,
    Accounts,
    SsoIdentity,
    now,
    roles_from,
)
from threegate.console.database import ACCOUNT, prepared
from threegate.policy.lifecycle.people import Role

from tests.e2e.support.fleet import POSTGRES, a_database
from tests.waiting import eventually

GOOD = "a long enough passphrase"
ADMIN = frozenset({Role.ADMIN})


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    return Accounts(prepared(writer_engine(f"sqlite:///{tmp_path}/console.sqlite3")), b"secret")


def first(accounts: Accounts) -> None:
    accounts.accept(accounts.setup_token(), "anna", GOOD, now())


def test_there_is_no_account_and_no_password_at_first(accounts: Accounts) -> None:
    assert accounts.empty()
    assert accounts.log_in("admin", "admin") is None


def test_the_set_up_link_makes_one_account_with_every_role(accounts: Accounts) -> None:
    token = accounts.setup_token()
    made = accounts.accept(token, "anna", GOOD, now())
    assert made.roles == frozenset(Role)
    assert accounts.setup_token() == ""
    with pytest.raises(AccountError, match="invite"):
        accounts.accept(token, "eve", GOOD, now())


def test_another_installation_has_another_link(accounts: Accounts) -> None:
    assert Accounts(accounts.engine, b"other").setup_token() != accounts.setup_token()


@pytest.mark.parametrize(
    ("name", "password", "code"),
    [("anna", "short", "password"), ("a b", GOOD, "name"), ("<script>", GOOD, "name")],
)
def test_bad_names_and_passwords(accounts: Accounts, name: str, password: str, code: str) -> None:
    with pytest.raises(AccountError, match=code):
        accounts.accept(accounts.setup_token(), name, password, now())


def test_an_invitation_works_once_and_not_for_ever(accounts: Accounts) -> None:
    first(accounts)
    token = accounts.invite("ben", frozenset({Role.EDITOR}), "legal", now())
    assert accounts.invited(token, now() + timedelta(hours=49)) is None
    made = accounts.accept(token, "", GOOD, now())
    assert (made.roles, made.group) == (frozenset({Role.EDITOR}), "legal")
    with pytest.raises(AccountError, match="invite"):
        accounts.accept(token, "", GOOD, now())


def test_a_newer_invitation_replaces_the_older(accounts: Accounts) -> None:
    first(accounts)
    old = accounts.invite("ben", frozenset({Role.EDITOR}), "", now())
    accounts.invite("ben", frozenset({Role.VIEWER}), "", now())
    assert accounts.invited(old, now()) is None


def test_a_link_for_a_known_account_sets_its_password_and_ends_its_sessions(
    accounts: Accounts,
) -> None:
    first(accounts)
    token = accounts.invite("anna", frozenset(), "", now())
    accounts.accept(token, "", "another long passphrase", now())
    account = accounts.log_in("anna", "another long passphrase")
    assert account is not None
    assert (account.roles, account.epoch) == (frozenset(Role), 1)
    assert accounts.log_in("anna", GOOD) is None


def test_passwords_are_not_stored(accounts: Accounts) -> None:
    first(accounts)
    with accounts.engine.begin() as connection:
        rows = str(connection.exec_driver_sql("SELECT * FROM console_account").all())
    assert GOOD not in rows
    assert "$argon2id$" in rows


def test_one_administrator_always_stays(accounts: Accounts) -> None:
    first(accounts)
    with pytest.raises(AccountError, match="last-admin"):
        accounts.change("anna", frozenset({Role.EDITOR}), "", closed=False)
    with pytest.raises(AccountError, match="last-admin"):
        accounts.change("anna", ADMIN, "", closed=True)


def test_a_closed_account_is_shut(accounts: Accounts) -> None:
    first(accounts)
    accounts.accept(accounts.invite("ben", ADMIN, "", now()), "", GOOD, now())
    accounts.change("ben", ADMIN, "", closed=True)
    assert accounts.log_in("ben", GOOD) is None


@pytest.mark.parametrize(
    ("roles", "closed"), [(ADMIN, True), (frozenset({Role.EDITOR}), False)], ids=["closed", "role"]
)
def test_links_end_with_the_administrator_who_could_have_made_them(
    accounts: Accounts, roles: frozenset[Role], closed: bool
) -> None:
    first(accounts)
    accounts.accept(accounts.invite("ben", ADMIN, "", now()), "", GOOD, now())
    back = [accounts.invite(name, ADMIN, "", now()) for name in ("ben2", "anna")]
    accounts.change("ben", ADMIN, "another group", closed=False)
    assert all(accounts.invited(token, now()) for token in back)
    accounts.change("ben", roles, "", closed=closed)
    assert not any(accounts.invited(token, now()) for token in back)


GUEST_OF = partial(SsoIdentity, roles=frozenset({Role.APPROVER}), group="")


@pytest.mark.parametrize("name", ["Anna", "аnna", "ａnna", "ANNA", "proxy", "Prоxy"])
def test_nobody_gets_a_name_that_people_take_for_anothers(accounts: Accounts, name: str) -> None:
    first(accounts)
    with pytest.raises(AccountError, match="taken"):
        accounts.invite(name, ADMIN, "", now())
    with pytest.raises(AccountError, match="taken"):
        accounts.welcome(GUEST_OF("https://id.example 1", name))


def test_links_that_wait_make_no_names_that_look_alike(accounts: Accounts) -> None:
    first(accounts)
    links = [accounts.invite(name, ADMIN, "", now()) for name in ("ben", "Ben")]
    with pytest.raises(AccountError, match="taken"):
        accounts.welcome(GUEST_OF("https://id.example 1", "BEN"))
    accounts.accept(links[0], "", GOOD, now())
    with pytest.raises(AccountError, match="taken"):
        accounts.accept(links[1], "", GOOD, now())


def test_two_people_may_be_one_name_in_two_scripts(accounts: Accounts) -> None:
    for number, name in enumerate(("李伟", "李偉", "李伟1")):
        assert accounts.welcome(GUEST_OF(f"https://id.example {number}", name)).name == name
    with pytest.raises(AccountError, match="taken"):
        accounts.welcome(GUEST_OF("https://id.example 9", "李伟１"))


def test_accounts_that_have_looked_alike_for_long_get_new_passwords(accounts: Accounts) -> None:
    first(accounts)
    with accounts.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO console_account SELECT 'Anna', password, roles, team, epoch, closed"
            " FROM console_account"
        )
    assert accounts.invite("Anna", ADMIN, "", now())


def test_a_guest_does_not_take_the_name_of_somebody_invited(accounts: Accounts) -> None:
    first(accounts)
    token = accounts.invite("ben", frozenset({Role.EDITOR}), "", now())
    with pytest.raises(AccountError, match="taken"):
        accounts.welcome(GUEST_OF("https://id.example 1", "ben"))
    assert accounts.accept(token, "", GOOD, now()).roles == {Role.EDITOR}
    accounts.invite("eve", ADMIN, "", now() - timedelta(hours=49))  # whose link has ended
    assert accounts.welcome(GUEST_OF("https://id.example 2", "eve")).roles == {Role.APPROVER}


def test_unknown_roles_give_nothing() -> None:
    assert roles_from("editor,god,,") == frozenset({Role.EDITOR})


@pytest.fixture
def replicas() -> Iterator[tuple[Accounts, Accounts]]:
    """Two processes on one PostgreSQL."""
    if not POSTGRES:
        pytest.skip("THREEGATE_TEST_POSTGRES names no server")
    with a_database() as database, ExitStack() as stack:
        url = make_url(POSTGRES).set(database=database).render_as_string(hide_password=False)
        engines = [writer_engine(url) for _ in range(2)]
        for engine in engines:
            stack.callback(engine.dispose)
        one, two = (Accounts(prepared(engine), b"secret") for engine in engines)
        yield one, two


def at_once(accounts: Accounts, *works: Callable[[], object]) -> list[object]:
    """What comes of works of which none can store anything before all have read what they read."""
    url = accounts.engine.url.render_as_string(hide_password=False)
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    holder = writer_engine(url)

    def result(work: Callable[[], object]) -> object:
        try:
            return work()
        except AccountError as error:
            return error.code

    with ThreadPoolExecutor() as pool:
        with holder.begin() as connection:
            connection.execute(text(f"LOCK TABLE {ACCOUNT.name} IN SHARE MODE"))
            running = [pool.submit(result, work) for work in works]
            assert eventually(lambda: connection.execute(waiting).scalar() == len(works))
        made = [each.result() for each in running]
    holder.dispose()
    return made


@pytest.mark.postgres
def test_a_set_up_link_used_twice_at_once_makes_one_account(
    replicas: tuple[Accounts, Accounts],
) -> None:
    token = replicas[0].setup_token()
    works = [
        partial(each.accept, token, name, GOOD, now())
        for each, name in zip(replicas, ("anna", "eve"), strict=True)
    ]
    assert "invite" in at_once(replicas[0], *works)
    assert len(replicas[0].all()) == 1


@pytest.mark.postgres
def test_administrators_who_leave_at_once_are_not_the_last_two(
    replicas: tuple[Accounts, Accounts],
) -> None:
    one, two = replicas
    first(one)
    one.accept(one.invite("ben", ADMIN, "", now()), "", GOOD, now())
    leaving = [
        partial(each.change, name, frozenset(), "", closed=False)
        for each, name in zip(replicas, ("anna", "ben"), strict=True)
    ]
    assert sorted(map(str, at_once(one, *leaving))) == ["None", "last-admin"]
    assert [Role.ADMIN in account.roles for account in two.all()].count(True) == 1
