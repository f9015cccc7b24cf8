from __future__ import annotations

import base64
import sys
from pathlib import Path

import pytest
from threegate.audit.log.keys import MasterKey, load_key
from threegate.errors import AuditError

KEY = bytes(range(32))


def test_a_missing_default_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    first = load_key("", path, {}, setting="k")
    assert load_key("", path, {}, setting="k") == first
    assert len(first) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["master.key"]


@pytest.mark.parametrize("form", [KEY, KEY.hex().encode(), base64.b64encode(KEY) + b"\n"])
def test_files_hold_raw_hex_or_base64(tmp_path: Path, form: bytes) -> None:
    (tmp_path / "k").write_bytes(form)
    assert load_key(f"file:{tmp_path / 'k'}", tmp_path / "no", {}, setting="k") == KEY


def test_environment_and_command(tmp_path: Path) -> None:
    assert load_key("env:K", tmp_path / "no", {"K": KEY.hex()}, setting="k") == KEY
    command = f"cmd:{sys.executable} -c \"print('{KEY.hex()}')\""
    assert load_key(command, tmp_path / "no", {}, setting="k") == KEY


@pytest.mark.parametrize(
    "spec",
    [
        "env:NONE",
        "file:/nonexistent/k",
        "cmd:/nonexistent/kms",
        "cmd:false",
        "what:ever",
        "env:SHORT",
    ],
)
def test_a_bad_source_is_named_and_its_value_never(tmp_path: Path, spec: str) -> None:
    with pytest.raises(AuditError) as error:
        load_key(spec, tmp_path / "no", {"SHORT": "topsecret"}, setting="audit_master_key")
    assert "topsecret" not in str(error.value)
    assert str(error.value).startswith("audit_master_key cannot be used: ")
    assert error.value.text.zh.startswith("audit_master_key 不能使用：")


def test_a_data_key_opens_only_as_what_it_was_made() -> None:
    master = MasterKey(KEY)
    key = master.new_data_key("t", "2026-11-25")
    opened = master.unwrap(key.id, "t", "2026-11-25", key.wrapped)
    assert opened == key
    for args in (
        ("x", "t", "2026-11-25"),
        (key.id, "u", "2026-11-25"),
        (key.id, "t", "2026-11-26"),
    ):
        with pytest.raises(AuditError):
            master.unwrap(*args, key.wrapped)
    with pytest.raises(AuditError):
        MasterKey(bytes(32)).unwrap(key.id, "t", "2026-11-25", key.wrapped)


def test_pseudonyms_are_per_tenant_and_keyed() -> None:
    master = MasterKey(KEY)
    name = master.pseudonym("t", "user@example.com")
    assert name == master.pseudonym("t", "user@example.com")
    others = {
        master.pseudonym("u", "user@example.com"),
        MasterKey(bytes(32)).pseudonym("t", "user@example.com"),
    }
    assert name not in others
    assert master.pseudonym("t", "") == ""


def test_keys_do_not_show() -> None:
    key = MasterKey(KEY).new_data_key("t", "d")
    assert "\\x" not in repr(MasterKey(KEY)) + repr(key)
