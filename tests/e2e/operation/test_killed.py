"""`kill -9` of the whole program under load: no answer without its record, and the log verifies."""

from __future__ import annotations

import multiprocessing
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, make_url, text
from threegate.cli import main
from threegate.cli.audit.common import reading

from tests.e2e.operation.test_faults import ask, free_port, wait_ready
from tests.e2e.support.fleet import POSTGRES
from tests.e2e.support.running import ROOT
from tests.scripted_upstream import ScriptedUpstream
from tests.serving import serve
from tests.waiting import eventually

CLIENTS = 4
MAX_ANSWERS = 30  # before the kill
MAX_DELAY = 0.1  # after them: any point of the next requests
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__, "httpcore"])


@dataclass(frozen=True, slots=True)
class Place:
    """Where the program runs and what it writes to."""

    upstream: str
    var: Path
    port: int
    database: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def arguments(self) -> list[str]:
        made = ["serve", "--upstream", self.upstream, "--port", str(self.port)]
        return [*made, "--var", str(self.var), "--classifiers", "off"]


def run_program(place: Place) -> None:
    os.chdir(ROOT)
    os.environ["THREEGATE_AUDIT_URL"] = place.database
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        sys.exit(main.main(place.arguments))


def answered_before_the_kill(place: Place, dice: random.Random) -> list[str]:
    """Starts the program, asks until it dies at a random moment; the ids of whole answers."""
    program = CONTEXT.Process(target=run_program, args=(place,))
    program.start()
    wait_ready(place.url)
    answers: list[str] = []
    with ThreadPoolExecutor(CLIENTS) as clients:
        asking = [clients.submit(ask_until_dead, place.url, n, answers) for n in range(CLIENTS)]
        wanted = dice.randrange(MAX_ANSWERS)
        assert eventually(lambda: len(answers) >= wanted)
        time.sleep(dice.random() * MAX_DELAY)
        program.kill()
    program.join()
    assert program.exitcode == -signal.SIGKILL
    assert all(a.result() is None for a in asking)
    return answers


def ask_until_dead(url: str, number: int, answers: list[str]) -> None:
    body = ask("hello there", stream=number % 2 == 0)
    with httpx.Client(base_url=url, timeout=120) as client, suppress(httpx.HTTPError):
        while True:
            reply = client.post("/v1/chat/completions", json=body)
            assert reply.status_code == 200
            answers.append(reply.headers["x-threegate-request-id"])


def killed_often(var: Path, database: str, kills: int) -> None:
    dice, answered = random.Random(22), list[str]()
    with serve(ScriptedUpstream().app) as upstream:
        place = Place(upstream, var, free_port(), database)
        for _ in range(kills):
            answered += answered_before_the_kill(place, dice)
    assert answered
    assert set(answered) <= ended(database)
    verify = verified(place)
    assert verify.returncode == 0, verify.stdout + verify.stderr
    print(f"{kills} kills, {len(answered)} answers; {verify.stdout.splitlines()[-3:]}")


def ended(database: str) -> set[str]:
    """Requests with an end in the log, read without the program."""
    wanted = "SELECT request_id FROM audit_record WHERE stage IN ('completed', 'blocked')"
    with reading(database) as connection:
        return {str(row[0]) for row in connection.execute(text(wanted))}


def verified(place: Place) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "threegate", "audit", "verify"]
    command += ["--database", place.database, "--directory", str(place.var / "audit")]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture
def postgres() -> Iterator[str]:
    """An empty database of the test server."""
    if not POSTGRES:
        pytest.skip("THREEGATE_TEST_POSTGRES is not set")
    name = f"killed_{secrets.token_hex(6)}"
    url = make_url(POSTGRES).set(drivername="postgresql+pg8000")
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def test_sigkill_under_load_loses_no_record_of_an_answer(tmp_path: Path) -> None:
    killed_often(tmp_path / "var", f"sqlite:///{tmp_path}/var/audit.sqlite3", 2)


@pytest.mark.slow
def test_two_hundred_sigkills_under_load(tmp_path: Path) -> None:
    killed_often(tmp_path / "var", f"sqlite:///{tmp_path}/var/audit.sqlite3", 200)


@pytest.mark.slow
@pytest.mark.postgres
def test_two_hundred_sigkills_under_load_on_postgres(tmp_path: Path, postgres: str) -> None:
    killed_often(tmp_path / "var", postgres, 200)
