"""A server that is restored by the commands of docs/upgrade.md is the server that was backed up."""

from __future__ import annotations

import subprocess
from pathlib import Path

import httpx
from threegate.app import policy_versions
from threegate.cli.main import main
from threegate.console.auth.accounts import Accounts, now
from threegate.console.bootstrap import engine_of
from threegate.settings import Settings

from tests.cli.test_serving import activate
from tests.e2e.support.running import ROOT, Running, proxy

NUMBER = "13912345678"


def masked(running: Running, key: str) -> str:
    """What the model got of a mobile number."""
    reply = httpx.post(
        f"{running.url}/v1/chat/completions",
        json={"model": "deepseek-r1", "messages": [{"role": "user", "content": f"电话{NUMBER}"}]},
        headers={"authorization": f"Bearer {key}"},
    )
    assert reply.status_code == 200, reply.text
    sent = running.demo.received[-1].body
    (text,) = (m["content"] for m in sent["messages"] if m["role"] == "user")
    assert NUMBER not in text
    return str(text)


def test_a_restored_server_is_the_one_that_was_backed_up(
    tmp_path: Path,
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    settings = Settings(var=old, policies=ROOT / "policies")
    activate(policy_versions(settings), ROOT / "policies", "base")
    accounts = Accounts(engine_of(settings), b"secret")
    accounts.accept(accounts.setup_token(), "anna", "a long enough passphrase", now())
    with proxy(old, keys="required") as running:
        _, key = running.deps.authenticator.add("default")  # type: ignore[attr-defined]
        before = masked(running, key)
        policy = running.deps.policies.in_force  # type: ignore[attr-defined]

    backup = ["audit", "backup", str(tmp_path / "log.db"), "--keys", str(tmp_path / "keys.db")]
    assert main([*backup, "--reason", "before", *log_of(old)]) == 0
    archive = str(tmp_path / "var.tar")
    left_out = ["--exclude=audit.sqlite3*", "--exclude=mapped"]
    subprocess.run(["tar", *left_out, "-cf", archive, "-C", str(old), "."], check=True)

    new.mkdir()
    subprocess.run(["tar", "-xf", archive, "-C", str(new)], check=True)
    restore = ["audit", "restore", str(tmp_path / "log.db"), "--keys", str(tmp_path / "keys.db")]
    assert main([*restore, "--reason", "after", *log_of(new)]) == 0
    with proxy(new, keys="required") as running:
        assert masked(running, key) == before
        assert running.deps.policies.in_force == policy  # type: ignore[attr-defined]
    assert main(["audit", "verify", *log_of(new)]) == 0
    again = Accounts(engine_of(Settings(var=new)), b"secret")
    assert again.setup_token() == ""
    assert again.log_in("anna", "a long enough passphrase")


def log_of(var: Path) -> list[str]:
    return ["--database", str(var / "audit.sqlite3"), "--directory", str(var / "audit")]
