"""rewrap as a terminal user runs it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from threegate.audit import AuditSettings
from threegate.audit.log.log_keys import load_master
from threegate.cli.main import main

from tests.audit.conftest import Captured, filled


async def fill(settings: AuditSettings) -> None:
    await (await filled(settings)).close()


def test_what_is_needed_is_listed_and_the_old_key_goes(tmp_path: Path, capsys: Captured) -> None:
    var = tmp_path / "var"
    url, old = f"sqlite:///{var}/audit.sqlite3", var / "audit/keys/master.key"
    asyncio.run(fill(AuditSettings(url=url, directory=var / "audit")))
    new = tmp_path / "new.key"
    new.write_text("22" * 32)
    config = tmp_path / "threegate.yaml"

    def rewrap(settings: str, *args: str) -> tuple[int, str]:
        config.write_text(f"var: {var}\naudit_master_key: 'file:{new}'\n{settings}", "utf-8")
        code = main(["audit", "rewrap", "--config", str(config), "--lang", "en", *args])
        return code, capsys.readouterr().out

    changed = AuditSettings(
        master_key=f"file:{new}", old_master_keys=(f"file:{old}",), subject_key=f"file:{old}"
    )
    master = load_master(changed)
    code, said = rewrap("")
    assert (code, "1 data keys open with none of these" in said) == (1, True)
    subject = f"audit_subject_key: 'file:{old}'\n"
    both = f"audit_old_master_keys: ['file:{old}']\n{subject}"
    code, said = rewrap(both)
    assert code == 0
    assert f"master key {master.id}: 0 data keys\nold master key " in said
    assert f"key that finds persons: {master.subject_key_id}" in said
    code, said = rewrap(both, "--reason", "yearly")
    assert said.startswith(
        f"1 data keys wrapped anew\nmaster key {master.id}: 1 data keys\nkey that"
    )
    assert replace(master, old=(), subject_key=b"").subject_key_id == master.id
    code, said = rewrap(subject)
    assert (code, f"key that finds persons: {master.subject_key_id}" in said) == (0, True)
