from __future__ import annotations

import re
from pathlib import Path

from threegate.console.auth.accounts import Accounts, now
from threegate.console.bootstrap import ConsoleLink, console_link, engine_of
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
