from __future__ import annotations

import re
from pathlib import Path

from threegate.console.auth.accounts import Accounts, now
from threegate.console.bootstrap import ConsoleLink, console_link, engine_of, person_of
from threegate.policy.lifecycle.people import Person, Role
from threegate.settings import Settings


def test_there_is_a_one_time_link_until_there_is_an_account(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    link = console_link(settings, b"secret")
    found = re.search(r"/console/setup/([0-9a-f]{64})\Z", link.one_time)
    assert found
    assert console_link(settings, b"secret") == link  # the same in every worker
    accounts = Accounts(engine_of(settings), b"secret")
    accounts.accept(found.group(1), "anna", "a long enough passphrase", now())
    assert console_link(settings, b"secret") == ConsoleLink("http://127.0.0.1:8080/console")


def test_the_link_of_an_ipv6_address_has_brackets(tmp_path: Path) -> None:
    link = console_link(Settings(var=tmp_path, host="::1"), b"secret")
    assert link.url == "http://[::1]:8080/console"


def test_a_closed_account_has_no_roles_and_a_name_without_one_is_not_known(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    accounts = Accounts(engine_of(settings), b"secret")
    for name in ("anna", "ben"):
        token = accounts.setup_token() or accounts.invite(name, frozenset(Role), "risk", now())
        accounts.accept(token, name, "a long enough passphrase", now())
    accounts.change("ben", frozenset({Role.APPROVER}), "risk", closed=False)
    assert person_of(settings, "ben") == Person("ben", frozenset({Role.APPROVER}), "risk")
    accounts.change("ben", frozenset({Role.APPROVER}), "risk", closed=True)
    assert person_of(settings, "ben") == Person("ben", frozenset(), "risk")
    assert person_of(settings, "carl") is None
