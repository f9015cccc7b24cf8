"""What an operator may see of an address: all but its password."""

from __future__ import annotations

import pytest
from threegate.settings.shown_address import without_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://guard:canary@db:5432/log", "postgresql://guard:***@db:5432/log"),
        ("postgresql://guard:ca@na/ry@db/log", "postgresql://guard:***@db/log"),
        (
            "postgresql://guard@db/log?sslmode=require&password=canary",
            "postgresql://guard@db/log?sslmode=require&password=***",
        ),
        ("postgresql://db/log?PASSWORD=canary&x=1", "postgresql://db/log?PASSWORD=***&x=1"),
        ("redis://:canary@store:6379/0", "redis://:***@store:6379/0"),
        ("rediss://guard:canary@[::1]:6379", "rediss://guard:***@[::1]:6379"),
        ("unix:///run/redis.sock?db=1&password=canary", "unix:///run/redis.sock?db=1&password=***"),
        (
            "sqlite:////var/lib/threegate/audit.sqlite3",
            "sqlite:////var/lib/threegate/audit.sqlite3",
        ),
        ("postgresql://guard@db/log", "postgresql://guard@db/log"),
        ("redis://store:6379/0", "redis://store:6379/0"),
    ],
)
def test_only_the_password_is_hidden(url: str, shown: str) -> None:
    assert without_password(url) == shown
