"""A server that is restored by the commands of docs/upgrade.md is the server that was backed up."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from threegate.cli.main import main
from threegate.console.auth.accounts import Accounts, now
from threegate.console.bootstrap import engine_of
from threegate.parts import policy_versions
from threegate.settings import Settings

from tests.audit.conftest import another_database
from tests.cli.test_serving import activate
from tests.e2e.support.running import ROOT, proxy
from tests.scripted_upstream import ScriptedUpstream

NUMBER, PASSPHRASE = "13912345678", "a long enough passphrase"


def masked(url: str, demo: ScriptedUpstream, key: str) -> str:
    """What the model got of a mobile number."""
    reply = httpx.post(
        f"{url}/v1/chat/completions",
        json={"model": "deepseek-r1", "messages": [{"role": "user", "content": f"电话{NUMBER}"}]},
        headers={"authorization": f"Bearer {key}"},
        timeout=60,
    )
    assert reply.status_code == 200, reply.text
    sent = demo.received[-1].body
    (text,) = (m["content"] for m in sent["messages"] if m["role"] == "user")
    assert NUMBER not in text
    return f"{reply.headers['x-threegate-policy']} {text}"


@contextmanager
def accounts(settings: Settings) -> Iterator[Accounts]:
    engine = engine_of(settings)
    yield Accounts(engine, b"secret")
    engine.dispose()


def populated(settings: Settings) -> None:
    """An active policy and a person."""
    versions = policy_versions(settings)
    activate(versions, ROOT / "policies", "base")
    versions.engine.dispose()
    with accounts(settings) as known:
        known.accept(known.setup_token(), "anna", PASSPHRASE, now())


def test_a_restored_server_is_the_one_that_was_backed_up(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    populated(Settings(var=old, policies=ROOT / "policies"))
    with proxy(old, keys="required") as running:
        _, key = running.deps.authenticator.add("default")  # type: ignore[attr-defined]
        before = masked(running.url, running.demo, key)

    backup = ["audit", "backup", str(tmp_path / "log.db"), "--keys", str(tmp_path / "keys.db")]
    assert main([*backup, "--reason", "before", *log_of(old)]) == 0
    moved(old, new)
    restore = ["audit", "restore", str(tmp_path / "log.db"), "--keys", str(tmp_path / "keys.db")]
    assert main([*restore, "--reason", "after", *log_of(new)]) == 0
    with proxy(new, keys="required") as running:
        assert masked(running.url, running.demo, key) == before
    assert main(["audit", "verify", *log_of(new)]) == 0
    knows_anna(Settings(var=new))


@pytest.fixture
def postgres() -> Iterator[str]:
    server = os.environ.get("THREEGATE_TEST_POSTGRES")
    if not server or shutil.which("pg_restore") is None:
        pytest.skip("THREEGATE_TEST_POSTGRES is not set, or pg_restore is not installed")
    with another_database(server) as url:
        yield url


def test_the_same_with_postgresql(
    postgres: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Into a database of another name beside the one that was backed up."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    populated(Settings(var=old, policies=ROOT / "policies", audit_url=postgres))
    at(monkeypatch, old, postgres)
    assert main(["keys", "add"]) == 0
    key = re.findall(r"tg-[\w-]+", capsys.readouterr().out)[0]
    with proxy(old, keys="required", audit_url=postgres) as running:
        before = masked(running.url, running.demo, key)
    dump = str(tmp_path / "threegate.dump")
    subprocess.run(["pg_dump", "-Fc", "-f", dump, postgres], check=True)
    moved(old, new)
    with another_database(postgres) as restored:
        subprocess.run(["pg_restore", "--exit-on-error", "-d", restored, dump], check=True)
        at(monkeypatch, new, restored)
        assert main(["audit", "verify"]) == 0
        with proxy(new, keys="required", audit_url=restored) as running:
            assert masked(running.url, running.demo, key) == before
        assert main(["audit", "verify"]) == 0
        knows_anna(Settings(var=new, audit_url=restored))


def at(monkeypatch: pytest.MonkeyPatch, var: Path, database: str) -> None:
    """Where the commands that follow find a server's folder and its database."""
    monkeypatch.setenv("THREEGATE_VAR", str(var))
    monkeypatch.setenv("THREEGATE_AUDIT_URL", database)


def moved(old: Path, new: Path) -> None:
    """`var` as an archive into an empty folder."""
    archive = str(old.parent / "var.tar")
    left_out = ["--exclude=audit.sqlite3*", "--exclude=mapped"]
    subprocess.run(["tar", *left_out, "-cf", archive, "-C", str(old), "."], check=True)
    new.mkdir()
    subprocess.run(["tar", "-xf", archive, "-C", str(new)], check=True)


def knows_anna(settings: Settings) -> None:
    with accounts(settings) as known:
        assert known.setup_token() == ""
        assert known.log_in("anna", PASSPHRASE)


def log_of(var: Path) -> list[str]:
    return ["--database", str(var / "audit.sqlite3"), "--directory", str(var / "audit")]
