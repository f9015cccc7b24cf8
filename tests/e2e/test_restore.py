"""A server that is restored by the commands of docs/upgrade.md is the server that was backed up."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
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
from tests.serving import serve

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


def test_the_same_with_postgresql(postgres: str, tmp_path: Path) -> None:
    """By the program itself, into a database of another name beside the one that was backed up."""
    old, new, demo = tmp_path / "old", tmp_path / "new", ScriptedUpstream()
    old.mkdir()
    populated(Settings(var=old, policies=ROOT / "policies", audit_url=postgres))
    with serve(demo.app) as model:
        key = re.findall(r"tg-[\w-]+", told(old, postgres, "keys", "add"))[0]
        with served(old, postgres, model) as url:
            before = masked(url, demo, key)
        dump = str(tmp_path / "threegate.dump")
        subprocess.run(["pg_dump", "-Fc", "-f", dump, postgres], check=True)
        moved(old, new)
        with another_database(postgres) as restored:
            command = ["pg_restore", "--exit-on-error", "-d", restored, dump]
            subprocess.run(command, check=True)
            told(new, restored, "audit", "verify")
            with served(new, restored, model) as url:
                assert masked(url, demo, key) == before
            told(new, restored, "audit", "verify")
            knows_anna(Settings(var=new, audit_url=restored))


def told(var: Path, database: str, *command: str) -> str:
    """What a command says that succeeds."""
    program = [sys.executable, "-m", "threegate", *command]
    done = subprocess.run(program, env=environment(var, database), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@contextmanager
def served(var: Path, database: str, model: str) -> Iterator[str]:
    """`threegate serve`, until the end of the block."""
    program = [sys.executable, "-m", "threegate", "serve", "--port", "0", "--upstream", model]
    program += ["--classifiers", "off", "--policies", str(ROOT / "policies")]
    with subprocess.Popen(
        program, env=environment(var, database), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            lines = iter(process.stderr.readline, "")
            found = (re.search(r"http://127\.0\.0\.1:\d+(?=/readyz)", line) for line in lines)
            yield next(match[0] for match in found if match)
        finally:
            process.terminate()
            process.wait(60)


def environment(var: Path, database: str) -> dict[str, str]:
    given = {"THREEGATE_VAR": str(var), "THREEGATE_AUDIT_URL": database}
    return {**os.environ, **given}


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
