"""Reports of forked processes are those of one process; a process that breaks off is a failure."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDINARY = """
import pytest
@pytest.mark.parametrize("n", range(5))
def test_good(n): pass
def test_bad():
    print("printed", 1 + 1, "beside it")
    assert n == 1
@pytest.mark.skip(reason="not now")
def test_skipped(): pass
@pytest.mark.xfail
def test_expected(): raise ValueError
"""
DIES = """
import os
def test_good(): pass
def test_that_dies(): os._exit({status})
"""
FOLDER = """
import pytest
@pytest.fixture(scope="package")
def server(request):
    print("made", flush=True)
    yield "server"
    with open("ended", "a") as file: file.write("x")
"""
USES = "def test_uses(server): assert server"


def ran(folder: Path, *options: str, **files: str) -> tuple[int, str]:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    environment = {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPATH": str(ROOT),
    }
    plain = ("-p", "tests.forked", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", ".")
    command = [sys.executable, "-m", "pytest", "--processes", "2", *plain, *options, "."]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_every_outcome_is_counted_and_shown(tmp_path: Path) -> None:
    status, shown = ran(tmp_path, test_a=ORDINARY, test_b=ORDINARY, test_c=USES)
    assert status == 1
    assert "2 failed, 10 passed, 2 skipped, 2 xfailed, 1 error" in shown
    assert shown.count("printed 2 beside it") == 2


@pytest.mark.parametrize("end", [0, 3])
def test_a_process_that_dies_is_a_failure_and_the_others_go_on(tmp_path: Path, end: int) -> None:
    dies = DIES.format(status=end)
    status, shown = ran(tmp_path, test_a=dies, test_b=ORDINARY.replace("test_bad", "bad"))
    assert status == 1
    assert "FAILED test_a.py::test_that_dies - the process of this test" in shown
    assert "1 failed, 6 passed, 1 skipped, 1 xfailed" in shown


@pytest.mark.parametrize("options", [(), ("-x",)])
def test_fixtures_of_a_folder_are_torn_down(tmp_path: Path, options: tuple[str, ...]) -> None:
    status, _ = ran(tmp_path, *options, conftest=FOLDER, test_a=USES, test_b=USES, test_c=USES)
    assert status == 0
    assert 1 <= len((tmp_path / "ended").read_text()) <= 2  # once in each process
