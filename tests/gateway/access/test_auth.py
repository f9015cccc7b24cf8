from __future__ import annotations

from pathlib import Path

import pytest
from threegate.errors import RequestError
from threegate.gateway.access.auth import KEY_PREFIX, KeyFile
from threegate.settings.errors import SettingsError
from threegate.types import Caller


async def refused(door: KeyFile, presented: str) -> bool:
    try:
        await door.admit(presented)
    except RequestError as error:
        return error.status == 401 and (not presented or presented not in str(error))
    return False


async def test_without_keys_the_door_is_open_unless_they_are_required(tmp_path: Path) -> None:
    free, strict = KeyFile(tmp_path / "k"), KeyFile(tmp_path / "k", required=True)
    assert free.open_to_all
    assert await free.admit("") == Caller()
    assert not strict.open_to_all
    assert await refused(strict, "")


async def test_a_key_names_its_tenant_and_closes_the_door_for_others(tmp_path: Path) -> None:
    door = KeyFile(tmp_path / "deep" / "keys.json")
    key, secret = door.add("bank")
    assert secret.startswith(KEY_PREFIX)
    caller = await door.admit(secret)
    assert (caller.tenant, caller.key_id) == ("bank", key.id)
    for wrong in ("", secret[:-1], secret + "x", secret.upper(), key.sha256, "\udcff"):
        assert await refused(door, wrong)


async def test_changes_by_another_process_count_at_once(tmp_path: Path) -> None:
    ours, theirs = KeyFile(tmp_path / "k"), KeyFile(tmp_path / "k")
    key, secret = theirs.add("a")
    assert (await ours.admit(secret)).key_id == key.id
    assert theirs.revoke(key.id)
    assert await refused(ours, secret)
    assert not theirs.revoke("key_none")


ENDS = {
    "2001-01-01": True,
    "2999-01-01": False,
    "2999-01-01T00:00:00+08:00": False,
    "2001-01-01T00:00:00Z": True,
    "tomorrow": True,
}


@pytest.mark.parametrize(("expires", "over"), ENDS.items())
async def test_a_key_ends(tmp_path: Path, expires: str, over: bool) -> None:
    door = KeyFile(tmp_path / "k")
    assert await refused(door, door.add("a", expires)[1]) is over


async def test_all_keys_revoked_is_not_an_open_door(tmp_path: Path) -> None:
    door = KeyFile(tmp_path / "k")
    key, _ = door.add("a")
    door.revoke(key.id)
    assert not door.open_to_all
    assert await refused(door, "")


@pytest.mark.parametrize("damage", ["", "garbage", '{"a": 1}', None])
async def test_a_file_that_breaks_or_goes_opens_no_door(tmp_path: Path, damage: str | None) -> None:
    door = KeyFile(tmp_path / "k")
    _, secret = door.add("a")
    assert not door.open_to_all
    if damage is None:
        door.path.unlink()
    else:
        door.path.write_text(damage)
    assert not door.open_to_all
    assert await refused(door, "")
    assert (await door.admit(secret)).tenant == "a"


def test_a_file_that_was_never_one_is_named_and_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("garbage")
    door = KeyFile(tmp_path / "k")
    for use in (lambda: door.open_to_all, lambda: door.add("a"), lambda: door.revoke("x")):
        with pytest.raises(SettingsError, match="not a key file"):
            use()
    assert (tmp_path / "k").read_text() == "garbage"


def test_the_file_holds_no_secret_and_is_private(tmp_path: Path) -> None:
    door = KeyFile(tmp_path / "k")
    secret = door.add("a")[1]
    assert secret not in door.path.read_text("utf-8")
    assert secret.removeprefix(KEY_PREFIX) not in door.path.read_text("utf-8")
    assert door.path.stat().st_mode & 0o777 == 0o600
