from __future__ import annotations

import re
from pathlib import Path

from threegate.console.auth.accounts import Accounts, now
from threegate.console.bootstrap import console_link, engine_of
from threegate.settings import Settings


def test_the_greeting_has_the_link_until_there_is_an_account(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path)
    line = console_link(settings, b"secret", "en")
    found = re.search(r"/console/setup/([0-9a-f]{64}) ", line)
    assert found
    assert console_link(settings, b"secret", "en") == line  # every worker says the same
    accounts = Accounts(engine_of(settings), b"secret")
    accounts.accept(found.group(1), "anna", "a long enough passphrase", now())
    assert console_link(settings, b"secret", "en") == "console: http://127.0.0.1:8080/console"
    assert console_link(settings, b"secret", "zh") == "控制台：http://127.0.0.1:8080/console"
